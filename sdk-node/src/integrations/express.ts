/**
 * Express. From router 2.3 on (new installations of Express 5) it tells of errors on a diagnostics channel, and
 * nothing needs to be set up. Before, and in Express 4, one line after all routes does it:
 *
 *     setupExpressErrorHandler(app);
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { failing } from './request';

const MECHANISM = 'auto.http.express';
const ERRORS = 'tracing:express.router.request:error';

// Loose: the types of Node need not be installed where this is used.
type ErrorHandler = (error: unknown, request: any, response: any, next: (error: unknown) => void) => void;

/** An application or router of Express, or anything that takes error handlers as it does. */
export interface ExpressApp {
  use(handler: ErrorHandler): unknown;
}

export function setupOnce(): void {
  subscribe(ERRORS, told);
}

export function remove(): void {
  unsubscribe(ERRORS, told);
}

function told(message: unknown): void {
  const { req, res, error } = message as { req: IncomingMessage; res: ServerResponse; error: unknown };
  failing(req, res, error, MECHANISM);
}

export function setup(app: ExpressApp): void {
  // Express knows error handlers by their four parameters.
  app.use(function faultwireErrorHandler(error, request, response, next) {
    failing(request, response, error, MECHANISM);
    next(error);
  });
}
