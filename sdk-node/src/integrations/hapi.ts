/**
 * Hapi: a line after the server is made.
 *
 *     setupHapiErrorHandler(server);
 *
 * Hapi makes each error a response. One whose final status is a failure is captured, whatever the application's own
 * `onPreResponse` makes of its text; so is what Hapi itself reports as an error of the server.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { get, isError, isObject } from '../extract/safe';
import { quietly } from '../guard';
import { capture, cover, failing, handled, userOf } from './request';

const MECHANISM = 'auto.http.hapi';

interface Request {
  readonly raw: { readonly req: IncomingMessage; readonly res: ServerResponse };
  readonly route?: { readonly path?: unknown };
  readonly auth?: { readonly credentials?: unknown };
  readonly payload?: unknown;
  readonly response?: unknown;
}

/** A server of Hapi. */
export interface HapiServer {
  // Loose: Hapi's own types are generic over everything.
  ext(event: any, method: (request: any, toolkit: any) => any): unknown;
  events: { on(criteria: any, listener: (request: any, event: any) => void): unknown };
}

const known = new WeakSet<object>();

export function setup(server: HapiServer): void {
  if (known.has(server)) {
    return;
  }
  known.add(server);
  server.ext('onRequest', (request: Request, { continue: goOn }: { continue: symbol }) => {
    quietly('hapi', () => coverOf(request)?.add(() => extras(request)));
    return goOn;
  });
  server.ext('onPreResponse', (request: Request, { continue: goOn }: { continue: symbol }) => {
    if (isError(request.response)) {
      failing(request.raw.req, request.raw.res, request.response, MECHANISM);
    }
    return goOn;
  });
  server.events.on({ name: 'request', channels: 'error' }, (request: Request, { error }: { error?: unknown }) => {
    if (error !== undefined) {
      quietly('hapi', () => coverOf(request)?.run(() => capture(error, MECHANISM)));
    }
  });
}

function coverOf({ raw: { req } }: Request): ReturnType<typeof handled> {
  return handled(req) ?? cover(req, req);
}

function extras(request: Request): { transaction: string | undefined; user: ReturnType<typeof userOf>; body: unknown } {
  const path = request.route?.path;
  const credentials = request.auth?.credentials;
  const user = isObject(credentials) ? (userOf(credentials) ?? userOf(get(credentials, 'user'))) : undefined;
  return { transaction: typeof path === 'string' ? path : undefined, user, body: request.payload };
}
