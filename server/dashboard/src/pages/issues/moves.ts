/** What is done to issues, and what came of it. */

import { api, read } from '../../api/client';
import { type Problem, problem } from '../../api/problem';
import type { Issue, operations } from '../../api/schema';

/** What can be done to many at once. */
export type Move = Exclude<
  operations['bulk_change']['requestBody']['content']['application/json']['move'],
  { move: 'merge' | 'unmerge' }
>;

/** Issues that one request changes. */
const AT_ONCE = 100;

/** What became of each. */
export interface Outcome {
  done: Issue[];
  /** Someone else was first: as they are now. */
  stale: Issue[];
  /** Not there any more. */
  gone: Issue[];
  refused: { issue: Issue; why: string }[];
  /** Not asked for: something went wrong before. */
  left: Issue[];
  error?: Problem;
}

const DONE: Record<Move['move'], string> = {
  reopen: 'opened again',
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  resolve_in_release: 'resolved',
  resolve_in_next_release: 'resolved in the next release',
  ignore: 'ignored',
  ignore_until_next_release: 'ignored until the next release',
  ignore_until_count: 'ignored for a number of occurrences',
  ignore_until_time: 'ignored for a time',
};

/** What was done, as the end of a sentence. */
export function doneName(move: Move): string {
  return move.move === 'resolve_in_release' ? `resolved in ${move.release}` : DONE[move.move];
}

const DOING: Partial<Record<Move['move'], string>> = { reopen: 'Opening again', acknowledge: 'Acknowledging' };

/** What is being done. */
export function doingName({ move }: Move): string {
  return DOING[move] ?? (move.startsWith('resolve') ? 'Resolving' : 'Ignoring');
}

/**
 * Does the same to many issues, a request's worth after the other.
 *
 * @param issues - as they were when they were chosen: what someone else changed since is left as it is
 * @param onStep - told after each request: how many have their answer, and what became of those of this request
 */
export async function change(
  project: number,
  issues: readonly Issue[],
  move: Move,
  onStep: (done: number, changed: Issue[], gone: number[]) => void,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], stale: [], gone: [], refused: [], left: [] };
  for (let begin = 0; begin < issues.length; begin += AT_ONCE) {
    const some = issues.slice(begin, begin + AT_ONCE);
    const of = new Map(some.map((issue) => [issue.id, issue]));
    try {
      const { items } = await read(
        api.POST('/api/v1/projects/{project}/issues', {
          params: { path: { project } },
          body: { issues: some.map(({ id, version }) => ({ id, version })), move },
        }),
      );
      const changed: Issue[] = [];
      const gone: number[] = [];
      for (const item of items) {
        const issue = of.get(item.id);
        if (item.outcome === 'done') outcome.done.push(item.issue);
        else if (item.outcome === 'stale') outcome.stale.push(item.issue);
        else if (item.outcome === 'gone' && issue) outcome.gone.push(issue);
        else if (item.outcome === 'refused' && issue) outcome.refused.push({ issue, why: item.why });
        if ('issue' in item) changed.push(item.issue);
        else if (item.outcome === 'gone') gone.push(item.id);
      }
      onStep(begin + some.length, changed, gone);
    } catch (error) {
      outcome.error = problem(error);
      outcome.left = issues.slice(begin);
      break;
    }
  }
  return outcome;
}

/** Merges issues into one; the one as it is then. Refused if someone changed that one meanwhile. */
export async function mergeInto(project: number, survivor: Issue, others: readonly Issue[]): Promise<Issue> {
  const { issue } = await read(
    api.POST('/api/v1/projects/{project}/issues/{issue}', {
      params: { path: { project, issue: survivor.id }, header: { 'If-Match': `"${survivor.version}"` } },
      body: { move: 'merge', issues: others.map(({ id }) => id) },
    }),
  );
  return issue;
}

/** Which survives unless another is chosen: the one that people know best. */
export function survivor(issues: readonly Issue[]): Issue | undefined {
  return [...issues].sort((a, b) => b.estimated - a.estimated || a.id - b.id)[0];
}
