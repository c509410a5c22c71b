/**
 * Errors that nobody caught, by Node's monitor event: it only looks on, so the application's own handlers, what Node
 * prints and the exit code stay as they are.
 */

import { captureException } from '../capture';
import { captured } from './exit';

function seen(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  captureException(error, { level: 'fatal', handled: false, mechanism: `auto.${origin}` });
  captured();
}

export function setupOnce(): void {
  process.on('uncaughtExceptionMonitor', seen);
}

export function remove(): void {
  process.off('uncaughtExceptionMonitor', seen);
}
