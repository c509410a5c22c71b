/**
 * What is done to an issue, and only as long as it is what was seen: where someone else was first, nothing is done, and
 * who wanted it decides.
 */

import { useState } from 'react';
import { api, read } from '../../api/client';
import { Problem } from '../../api/problem';
import { issue as issueQuery, queryClient } from '../../api/queries';
import type { HistoryLine, Issue, paths, Status, Whole } from '../../api/schema';
import { moment, plural } from '../../ui/format';
import { say, sayProblem } from '../../ui/notices';
import { statusDetail, statusName } from '../../ui/show';

type Body = paths['/api/v1/projects/{project}/issues/{issue}']['post']['requestBody']['content']['application/json'];
/** `Omit` over a union would lose what its parts do not share. */
type Without<T> = T extends unknown ? Omit<T, 'why'> : never;
export type Move = Without<Body>;

/** What someone wanted, and what was done meanwhile. */
export interface Conflict {
  move: Move;
  current: Issue;
  /** The last change, if it is known. */
  last: HistoryLine | undefined;
}

/** What a move does, as a request: `resolve it in 1.2`. */
export function wanted(move: Move): string {
  switch (move.move) {
    case 'reopen':
      return 'open it again';
    case 'acknowledge':
      return 'acknowledge it';
    case 'resolve':
      return 'resolve it';
    case 'resolve_in_release':
      return `resolve it in ${move.release}`;
    case 'resolve_in_next_release':
      return 'resolve it in the next release';
    case 'ignore':
      return 'ignore it for good';
    case 'ignore_until_next_release':
      return 'ignore it until the next release';
    case 'ignore_until_count':
      return `ignore it until ${plural(move.count, 'more occurrence', 'more occurrences')}`;
    case 'ignore_until_time':
      return `ignore it until ${moment(move.time)}`;
    case 'merge':
      return `merge ${plural(move.issues.length, 'issue')} into it`;
    case 'unmerge':
      return 'give back what was merged into it';
  }
}

const DONE: Record<Move['move'], string> = {
  reopen: 'It is open again.',
  acknowledge: 'It is acknowledged.',
  resolve: 'It is resolved.',
  resolve_in_release: 'It is resolved in that release.',
  resolve_in_next_release: 'It is resolved in the next release.',
  ignore: 'It is ignored for good.',
  ignore_until_next_release: 'It is ignored until the next release.',
  ignore_until_count: 'It is ignored until there are more of it.',
  ignore_until_time: 'It is ignored until then.',
  merge: 'They are merged.',
  unmerge: 'They are issues of their own again.',
};

/** Where an issue stands: `resolved in 1.2`. */
export function standing(status: Status): string {
  return [statusName(status.status), statusDetail(status)].filter(Boolean).join(' ');
}

/** Whether what was thrown says that someone else was first. */
function isStale(error: unknown): error is Problem & { current: Issue } {
  return (
    error instanceof Problem && error.status === 412 && typeof error.current === 'object' && error.current !== null
  );
}

/** Does things to an issue. */
export function useMoves(project: number, id: number) {
  const [isBusy, setBusy] = useState(false);
  const [conflict, setConflict] = useState<Conflict>();
  const ask = issueQuery(project, id);
  /** Puts the issue on screen as it is now, and has what hangs on it asked for again. */
  const take = (issue: Issue) => {
    queryClient.setQueryData<Whole>(ask.queryKey, (known) => known && { ...known, issue });
    void queryClient.invalidateQueries({ queryKey: ask.queryKey });
    for (const kind of ['issues', 'counts', 'similar', 'feed']) {
      void queryClient.invalidateQueries({ queryKey: ['p', project, kind] });
    }
  };
  /**
   * True unless it failed: it is done, or someone else was first, which a dialog of its own tells. `version` is that of
   * the issue as it was seen.
   */
  const move = async (what: Move, version: number): Promise<boolean> => {
    setBusy(true);
    try {
      const { issue } = await read(
        api.POST('/api/v1/projects/{project}/issues/{issue}', {
          params: { path: { project, issue: id }, header: { 'If-Match': `"${version}"` } },
          body: what,
        }),
      );
      setConflict(undefined);
      take(issue);
      if (what.move === 'merge' || what.move === 'unmerge') {
        // The others have changed as well.
        void queryClient.invalidateQueries({ queryKey: ['p', project, 'issue'] });
        void queryClient.invalidateQueries({ queryKey: ['p', project, 'occurrences', id] });
        void queryClient.invalidateQueries({ queryKey: ['p', project, 'all-occurrences', id] });
      }
      say(DONE[what.move]);
      return true;
    } catch (error) {
      if (!isStale(error)) {
        sayProblem(error);
        return false;
      }
      const now = await queryClient.query({ ...ask, staleTime: 0 }).catch(() => undefined);
      const last = now?.details.history.find((line) => line.event === 'changed' || line.event === 'regressed');
      setConflict({ move: what, current: now?.issue ?? error.current, last });
      return true;
    } finally {
      setBusy(false);
    }
  };
  return { move, isBusy, conflict, leave: () => setConflict(undefined) };
}

export type Moves = ReturnType<typeof useMoves>;
