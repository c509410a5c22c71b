import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problem } from '../../api/problem';
import type { Issue } from '../../api/schema';
import { plural } from '../../ui/format';
import { say } from '../../ui/notices';
import { change, doingName, doneName, mergeInto, type Move, type Outcome } from './moves';
import { titleOf } from './row';
import type { List } from './use-list';
import type { Selection } from './use-selection';

/** What is being done, and how far it is. */
export interface Running {
  label: string;
  done: number;
  total: number;
}

/** What was not done, with what was. */
export interface Told extends Outcome {
  what: string;
}

/** Does things to issues, shows what came of them, and keeps chosen what it did not come to. */
export function useActs(project: number, list: List, selection: Selection) {
  const client = useQueryClient();
  const [running, setRunning] = useState<Running>();
  const [told, setTold] = useState<Told>();

  const run = async (issues: readonly Issue[], move: Move) => {
    if (running || issues.length === 0) return;
    setTold(undefined);
    setRunning({ label: doingName(move), done: 0, total: issues.length });
    const outcome = await change(project, issues, move, (done, changed, gone) => {
      setRunning({ label: doingName(move), done, total: issues.length });
      list.take(changed, gone);
    });
    setRunning(undefined);
    settle(outcome, doneName(move));
  };

  const settle = (outcome: Outcome, what: string) => {
    // Someone else's change is seen now: who still wants this one says so again.
    selection.only([...outcome.stale, ...outcome.refused.map(({ issue }) => issue), ...outcome.left]);
    for (const kind of ['counts', 'feed']) void client.invalidateQueries({ queryKey: ['p', project, kind] });
    const isAll = outcome.done.length > 0 && !outcome.error && selectionIsDone(outcome);
    if (isAll) say(`${plural(outcome.done.length, 'issue')} ${what}.`);
    else setTold({ ...outcome, what });
  };

  const merge = async (survivor: Issue, others: readonly Issue[]) => {
    if (running) return;
    setTold(undefined);
    setRunning({ label: 'Merging', done: 0, total: others.length });
    try {
      const issue = await mergeInto(project, survivor, others);
      const gone = others.map(({ id }) => id);
      list.take([issue], gone);
      selection.clear();
      void client.invalidateQueries({ queryKey: ['p', project, 'counts'] });
      say(`${plural(others.length, 'issue')} merged into «${titleOf(issue)}».`);
    } catch (error) {
      const wrong = problem(error);
      const now = wrong.status === 412 ? (wrong.current as Issue | undefined) : undefined;
      const outcome: Outcome = { done: [], stale: now ? [now] : [], gone: [], refused: [], left: [] };
      if (now) list.take([now]);
      else outcome.error = wrong;
      selection.only([now ?? survivor, ...others]);
      setTold({ ...outcome, what: 'merged' });
    } finally {
      setRunning(undefined);
    }
  };

  return { run, merge, running, told, dismiss: () => setTold(undefined) };
}

export type Acts = ReturnType<typeof useActs>;

function selectionIsDone({ stale, gone, refused, left }: Outcome): boolean {
  return stale.length + gone.length + refused.length + left.length === 0;
}
