/**
 * Sends what is on its way before the process ends, for at most `shutdownTimeout`: after `process.exit`, at a natural
 * end and after an uncaught error alike. The event loop is not needed for it.
 *
 * A signal without a handler (SIGTERM) ends a process at once: a listener of ours would change that, and what is not
 * sent by then is lost. An application that handles it and calls `process.exit` loses nothing.
 *
 * Nor does Node tell of its end where a listener of `uncaughtException` throws.
 *
 * A worker thread ends without waiting: the client is the process's, and the main thread flushes it.
 */

import { quietly } from '../guard';
import { native } from '../native';
import { isMainThread } from '../thread';

/** Room for a listener of ours: the application's tenth must not have Node warn of a leak. None where it is unlimited. */
let room = 0;
let moving = false;

function leave(): void {
  quietly('exit', () => native.flushSync(undefined));
}

/** After a capture that may be the last: an error in a listener of `exit` is the end, without another `exit`. */
export function captured(): void {
  if ((process as { _exiting?: unknown })._exiting === true) {
    leave();
  }
}

/** Called before a listener is added: ours goes behind it as soon as it is there, to send what it captures, too. */
function added(event: string | symbol, listener: unknown): void {
  if (event !== 'exit' || listener === leave || moving) {
    return;
  }
  moving = true;
  queueMicrotask(() => {
    moving = false;
    if (process.listeners('exit').includes(leave)) {
      process.off('exit', leave);
      process.on('exit', leave);
    }
  });
}

export function setupOnce(): void {
  room = process.getMaxListeners() > 0 ? 1 : 0;
  process.setMaxListeners(process.getMaxListeners() + room);
  if (isMainThread) {
    process.on('exit', leave);
    process.on('newListener', added);
  }
}

export function remove(): void {
  process.off('newListener', added);
  process.off('exit', leave);
  // 0 would be unlimited.
  if (process.getMaxListeners() > room) {
    process.setMaxListeners(process.getMaxListeners() - room);
  }
}
