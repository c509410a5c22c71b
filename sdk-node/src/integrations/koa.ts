/**
 * Koa 2 and 3: a line before the application's own middleware.
 *
 *     setupKoaErrorHandler(app);
 *
 * What Koa announces as `error` is captured: errors that no middleware handled, and those of streams that were being
 * sent. What the application announces itself is, too.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { get, isObject, ownData } from '../extract/safe';
import { quietly } from '../guard';
import { capture, cover, failing, handled, isFailure, userOf } from './request';

const MECHANISM = 'auto.http.koa';

interface Context {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** An application of Koa. */
export interface KoaApp {
  use(middleware: (context: any, next: () => Promise<any>) => any): unknown;
  on(event: 'error', listener: (error: any, context?: any) => void): unknown;
  listenerCount(event: 'error'): number;
  onerror(error: any, context?: any): void;
}

const known = new WeakSet<object>();

export function setup(app: KoaApp): void {
  if (known.has(app)) {
    return;
  }
  known.add(app);
  app.use((context: Context, next) => {
    const covered = quietly('koa', () => {
      const found = handled(context.req) ?? cover(context.req, context.req);
      found?.add(() => extras(context));
      return found;
    });
    return covered === undefined ? next() : covered.run(next);
  });
  app.on('error', (error: unknown, context?: Context) => {
    if (context !== undefined && isObject(get(context, 'req'))) {
      failing(context.req, context.res, error, MECHANISM);
    } else if (isFailure(error)) {
      quietly('koa', () => capture(error, MECHANISM));
    }
    // Koa prints errors unless somebody listens; we do not count.
    if (app.listenerCount('error') === 1) {
      app.onerror(error, context);
    }
  });
}

function extras(context: Context): { transaction: string | undefined; user: ReturnType<typeof userOf>; body: unknown } {
  // What `@koa/router` and its predecessor found.
  const route = ownData(context, '_matchedRoute');
  const state = ownData(context, 'state');
  const request = ownData(context, 'request');
  return {
    transaction: typeof route === 'string' || route instanceof RegExp ? String(route) : undefined,
    user: isObject(state) ? userOf(ownData(state, 'user')) : undefined,
    body: isObject(request) ? ownData(request, 'body') : undefined,
  };
}
