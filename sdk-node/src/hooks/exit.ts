/**
 * Sends what is on its way before the process ends, for at most `shutdownTimeout`: after `process.exit`, at a natural
 * end and after an uncaught error alike. The event loop is not needed for it.
 *
 * A worker thread ends without waiting: the client is the process's, and the main thread flushes it.
 */

import { quietly } from '../guard';
import { native } from '../native';
import { isMainThread } from '../thread';

function leave(): void {
  quietly('exit', () => native.flushSync(undefined));
}

export function setupOnce(): void {
  if (isMainThread) {
    process.on('exit', leave);
  }
}

export function remove(): void {
  process.off('exit', leave);
}
