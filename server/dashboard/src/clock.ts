/**
 * The server's clock. A machine whose own is hours off still shows ages that are right: whatever is compared with a time
 * of the server is compared with the server's now.
 */

import { value } from './value';

const offset = value(0);

/** Milliseconds since 1970 by the server's clock, as far as it is known. */
export function now(): number {
  return Date.now() + offset.get();
}

/**
 * Learns the server's clock: of all that fits what it said, what is nearest to the machine's own. A message that was
 * longer on its way than it should be teaches something wrong until the next one comes.
 *
 * @param server - its time when it said it, in milliseconds since 1970
 * @param exactness - how long ago that may be at most, in milliseconds: the rounding, and the way of a message
 */
export function learn(server: number, exactness: number): void {
  const least = server - Date.now();
  const most = least + exactness;
  const known = offset.get();
  if (known < least || known > most) offset.set(Math.min(Math.max(0, least), most));
}

/** How far the machine's clock is behind, in milliseconds; negative if it is ahead. */
export const useClockOffset = offset.use;
