/** Whether someone is logged in. A session ends on the server; the page learns it by the next answer. */

import { useSyncExternalStore } from 'react';

let isOver = false;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (isOver === value) return;
  isOver = value;
  for (const tell of listeners) tell();
}

/** The server no longer knows who asks. */
export function endSession(): void {
  set(true);
}

/** Someone came in. */
export function beginSession(): void {
  set(false);
}

/** Whether the session is over. */
export function useSessionIsOver(): boolean {
  const subscribe = (tell: () => void) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  };
  return useSyncExternalStore(subscribe, () => isOver);
}
