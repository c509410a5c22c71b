/** Issues that became new, or came back, while the page was open: they are highlighted for a while. */

import { useSyncExternalStore } from 'react';
import type { Happened } from './messages';

/** What is highlighted, and for how long, in milliseconds. */
const KINDS = new Set(['new', 'regressed', 'unignored', 'spike', 'recurred']);
const LASTS = 60_000;

let current: ReadonlyMap<number, string> = new Map();
const listeners = new Set<() => void>();

function set(next: Map<number, string>): void {
  current = next;
  for (const tell of listeners) tell();
}

export const news = {
  /** Takes what happened. */
  note({ issue, event }: Happened): void {
    if (typeof event !== 'string' || !KINDS.has(event)) return;
    set(new Map(current).set(issue, event));
    setTimeout(() => {
      const rest = new Map(current);
      rest.delete(issue);
      set(rest);
    }, LASTS);
  },
};

/** Issues with what just happened to them: `new`, `regressed`, ... */
export function useNews(): ReadonlyMap<number, string> {
  const subscribe = (tell: () => void) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  };
  return useSyncExternalStore(subscribe, () => current);
}
