/** Issues that became new, or came back, while the page was open: they are highlighted for a while. */

import type { IssueEvent } from '../api/schema';
import { value } from '../value';
import type { Happened } from './messages';

/** What is highlighted, and for how long, in milliseconds. */
const KINDS = new Set<IssueEvent>(['new', 'regressed', 'unignored', 'spike', 'recurred']);
const LASTS = 60_000;

const current = value<ReadonlyMap<number, IssueEvent>>(new Map());

export const news = {
  /** Takes what happened. */
  note(happened: readonly Happened[]): void {
    const loud = happened.filter(({ event }) => KINDS.has(event));
    if (loud.length === 0) return;
    const next = new Map(current.get());
    for (const { issue, event } of loud) next.set(issue, event);
    current.set(next);
    setTimeout(() => {
      const rest = new Map(current.get());
      // What happened to it since is news for longer.
      for (const { issue, event } of loud) if (rest.get(issue) === event) rest.delete(issue);
      current.set(rest);
    }, LASTS);
  },
  /** Forgets what was for someone else. */
  clear(): void {
    current.set(new Map());
  },
};

/** Issues with what just happened to them: `new`, `regressed`, ... */
export const useNews = current.use;
