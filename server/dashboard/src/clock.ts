/**
 * The server's clock. A machine whose own is hours off still shows ages that are right: whatever is compared with a time
 * of the server is compared with the server's now.
 */

let offset = 0;

/** Milliseconds since 1970 by the server's clock, as far as it is known. */
export function now(): number {
  return Date.now() + offset;
}

/**
 * Learns the server's clock.
 *
 * @param server - its time, in milliseconds since 1970
 * @param exactness - how far that may be off, in milliseconds: a difference below it teaches nothing
 */
export function learn(server: number, exactness: number): void {
  const found = server - Date.now();
  if (Math.abs(found - offset) > exactness) offset = Math.abs(found) > exactness ? found : 0;
}

/** How far the machine's clock is off, in milliseconds. */
export function clockOffset(): number {
  return offset;
}
