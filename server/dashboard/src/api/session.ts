/**
 * Whether someone is logged in. A session ends on the server; the page learns it by the next answer.
 *
 * All tabs of a browser have the same cookie: who comes in or leaves in one does so in all, and the others are told.
 */

import { value } from '../value';

const isOver = value(false);
const channel =
  'BroadcastChannel' in window
    ? new BroadcastChannel(`faultwire.session ${new URL('.', document.baseURI).pathname}`)
    : undefined;

/** The server no longer knows who asks. */
export function endSession(): void {
  if (isOver.get()) return;
  isOver.set(true);
  channel?.postMessage('');
}

/** Someone came in. */
export function beginSession(): void {
  isOver.set(false);
  channel?.postMessage('');
}

/** Whether the session is over. */
export const useSessionIsOver = isOver.use;

/**
 * Calls `listener` when someone came in or left in another tab: who is here may be another, or nobody.
 *
 * @returns what ends that
 */
export function onSessionElsewhere(listener: () => void): () => void {
  channel?.addEventListener('message', listener);
  return () => channel?.removeEventListener('message', listener);
}
