/**
 * Fastify 3 to 5. It tells of each new instance on a diagnostics channel, so that instances made after `init` need no
 * setting up. For one that was made before:
 *
 *     setupFastifyErrorHandler(app);
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { get, isObject, ownData } from '../extract/safe';
import { quietly } from '../guard';
import { cover, failing, handled, userOf } from './request';

const MECHANISM = 'auto.http.fastify';
const INSTANCES = 'fastify.initialization';

type Done = () => void;
interface Request {
  readonly raw: IncomingMessage;
}
interface Reply {
  readonly raw: ServerResponse;
}

/** An instance of Fastify. */
export interface FastifyApp {
  // Loose: the hooks of an instance depend on its type parameters.
  addHook(name: string, hook: (...values: any[]) => void): unknown;
}

const known = new WeakSet<object>();

export function setupOnce(): void {
  subscribe(INSTANCES, told);
}

export function remove(): void {
  unsubscribe(INSTANCES, told);
}

function told(message: unknown): void {
  quietly('fastify', () => setup((message as { fastify: FastifyApp }).fastify));
}

export function setup(app: FastifyApp): void {
  if (known.has(app)) {
    return;
  }
  known.add(app);
  app.addHook('onRequest', began);
  // Asked before the application's error handler, about every error of a request.
  app.addHook('onError', (request: Request, reply: Reply, error: unknown, done: Done) => {
    failing(request.raw, reply.raw, error, MECHANISM);
    done();
  });
}

function began(request: Request, _reply: Reply, done: Done): void {
  const covered = quietly('fastify', () => {
    // Nobody tells of requests that are injected.
    const found = handled(request.raw) ?? cover(request.raw, request.raw);
    found?.add(() => ({
      transaction: routeOf(request),
      user: userOf(ownData(request, 'user')),
      body: ownData(request, 'body'),
    }));
    return found;
  });
  if (covered === undefined) {
    done();
  } else {
    covered.run(done);
  }
}

/** As the application wrote it, with the prefixes of plugins; undefined where no route was found. */
function routeOf(request: Request): string | undefined {
  const options = get(request, 'routeOptions');
  // What was before version 4.10; asked later, it would print a warning.
  const url = isObject(options) ? get(options, 'url') : get(request, 'routerPath');
  return typeof url === 'string' ? url : undefined;
}
