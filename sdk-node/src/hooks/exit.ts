/**
 * Sends what is on its way before the process ends, for at most `shutdownTimeout`: after `process.exit`, at a natural
 * end and after an uncaught error alike. The event loop is not needed for it.
 *
 * A worker thread ends without waiting: the client is the process's, and the main thread flushes it.
 */

import { isMainThread } from 'node:worker_threads';

import { quietly } from '../guard';
import { native } from '../native';

function leave(): void {
  quietly('exit', () => native.flushSync(undefined));
}

/** Room for a listener of ours: the application's tenth must not have Node warn of a leak. None where it is unlimited. */
let room = 0;

export function setupOnce(): void {
  room = process.getMaxListeners() > 0 ? 1 : 0;
  process.setMaxListeners(process.getMaxListeners() + room);
  if (isMainThread) {
    process.on('exit', leave);
  }
}

export function remove(): void {
  process.off('exit', leave);
  process.setMaxListeners(Math.max(process.getMaxListeners() - room, 0));
}
