/**
 * Rejections that nobody handled, as far as `uncaught.ts` does not see them.
 *
 * Node tells `unhandledRejection` first, and in most modes (`--unhandled-rejections`) takes a listener's being there
 * for the answer: one of ours must not be what keeps a process alive or a warning from being printed. So we listen
 *
 * - in `throw` mode, the default, while the application does; otherwise the rejection becomes an uncaught error;
 * - in `warn` and `none`, always: a listener changes nothing there;
 * - in `warn-with-error-code` while the application does; otherwise we read the warning that Node emits;
 * - in `strict` never: each is an uncaught error first.
 *
 * A mode that is not certain is taken for `throw`, which can miss a rejection but never change what it does.
 *
 * One thing shows: an error that is made inside the application's only listener has another line of `node:events` in
 * its stack, since Node calls two listeners from another place than one.
 */

import { readFileSync } from 'node:fs';

import { captureException } from '../capture';
import { quietly } from '../guard';
import { type Mode, rejectionMode } from './rejection-mode';

const EVENT = 'unhandledRejection';
const WARNING = 'UnhandledPromiseRejectionWarning';
const ALWAYS: ReadonlySet<Mode> = new Set(['warn', 'none']);

let listening = false;

function seen(reason: unknown): void {
  captureException(reason, { handled: false, mechanism: `auto.${EVENT}` });
}

function listen(): void {
  if (!listening) {
    listening = true;
    // First: one of the application's may throw, or end the process.
    process.prependListener(EVENT, seen);
  }
}

function unlisten(): void {
  listening = false;
  process.off(EVENT, seen);
}

/** Called before a listener is added. */
function added(event: string | symbol, listener: unknown): void {
  if (event === EVENT && listener !== seen) {
    listen();
  }
}

/** Called after a listener was removed. */
function removed(event: string | symbol, listener: unknown): void {
  if (event !== EVENT) {
    return;
  }
  if (listener === seen) {
    listening = false;
  } else if (process.listenerCount(EVENT) === (listening ? 1 : 0)) {
    unlisten();
  }
}

/** The first of the two warnings about a rejection: its message is the stack of the reason, or the reason as a text. */
function warned(warning: Error): void {
  if (warning.name !== WARNING || warning.message.startsWith('Unhandled promise rejection. ')) {
    return;
  }
  quietly(EVENT, () => seen(asRejected(warning.message)));
}

/** An error that looks like the one with this stack; a text that is no stack stands for itself. */
function asRejected(stack: string): unknown {
  const places = stack.indexOf('\n    at ');
  if (places < 0) {
    return stack;
  }
  const [, name = 'Error', message = ''] =
    /^([\w$.]+)(?: \[\w+\])?(?:: ([\s\S]*))?$/.exec(stack.slice(0, places)) ?? [];
  const error = new Error(message);
  Object.defineProperties(error, {
    name: { value: name },
    stack: { value: stack },
  });
  return error;
}

/**
 * The mode for certain. What stands in `NODE_OPTIONS` now may be meant for children: it counts where the process was
 * started with it, which only Linux tells.
 */
function certainMode(options: string | undefined): Mode {
  const said = rejectionMode(process.execArgv, options);
  if (said === rejectionMode(process.execArgv, undefined)) {
    return said;
  }
  const started = quietly(EVENT, () => readFileSync('/proc/self/environ', 'utf8').split('\0')) ?? [];
  return started.includes(`NODE_OPTIONS=${options}`) ? said : 'throw';
}

export function setupOnce(): void {
  const options = process.env['NODE_OPTIONS'];
  const mode = certainMode(options);
  if (mode === 'strict') {
    return;
  }
  if (ALWAYS.has(mode)) {
    listen();
    return;
  }
  if (process.listenerCount(EVENT) > 0) {
    listen();
  }
  process.on('newListener', added);
  process.on('removeListener', removed);
  // Where the mode is not certain, its warning tells.
  if (mode === 'warn-with-error-code' || mode !== rejectionMode(process.execArgv, options)) {
    process.on('warning', warned);
  }
}

export function remove(): void {
  process.off('newListener', added);
  process.off('removeListener', removed);
  process.off('warning', warned);
  unlisten();
}
