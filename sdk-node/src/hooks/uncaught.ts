/**
 * Errors that nobody caught, by Node's monitor event: it only looks on, so the application's own handlers, what Node
 * prints and the exit code stay as they are.
 */

import { captureException } from '../capture';
import { isError, ownData } from '../extract/safe';
import { quietly } from '../guard';
import { captured } from './exit';

/** How Node's own error for a rejection with something else than an error ends. */
const REASON = /The promise rejected with the reason "([\s\S]*)"\.$/;

function seen(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  const thrown = quietly('uncaught', () => rejected(error)) ?? error;
  captureException(thrown, { level: 'fatal', handled: false, mechanism: `auto.${origin}` });
  captured();
}

/**
 * What stands for a rejection without an error, of which Node tells only the text: nothing for anything else. Node's
 * own error has the same frames and nearly the same message for all of them, which would make one issue of them all.
 */
function rejected(error: unknown): Error | undefined {
  if (!isError(error) || ownData(error, 'code') !== 'ERR_UNHANDLED_REJECTION') {
    return undefined;
  }
  const reason = REASON.exec(error.message)?.[1];
  if (reason === undefined) {
    return undefined;
  }
  const rejection = new Error(reason);
  Object.defineProperties(rejection, {
    name: { value: 'UnhandledPromiseRejection' },
    stack: { value: '' },
  });
  return rejection;
}

export function setupOnce(): void {
  process.on('uncaughtExceptionMonitor', seen);
}

export function remove(): void {
  process.off('uncaughtExceptionMonitor', seen);
}
