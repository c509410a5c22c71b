/**
 * NestJS, on Express or Fastify: a line after the application is made.
 *
 *     setupNestErrorHandler(app);
 *
 * An interceptor around all others sees the errors of handlers, pipes and interceptors, and hands them on untouched, so
 * filters answer as they always do; an error is captured if the answer is a failure. Nest runs guards and middleware
 * before interceptors: what they throw is not seen.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { get, isObject } from '../extract/safe';
import { quietly } from '../guard';
import { capture, failing, isFailure } from './request';

const MECHANISM = 'auto.http.nestjs';

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}
/** As much of `rxjs` as it takes: it is the application's, so it is not imported. */
interface Observable {
  readonly constructor: unknown;
  subscribe(observer: Observer): unknown;
}
interface ExecutionContext {
  getType(): string;
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown };
}

/** An application of NestJS. */
export interface NestApp {
  // Loose: Nest's interceptors are generic.
  useGlobalInterceptors(interceptor: any): unknown;
}

const known = new WeakSet<object>();

export function setup(app: NestApp): void {
  if (known.has(app)) {
    return;
  }
  known.add(app);
  app.useGlobalInterceptors({
    intercept(context: ExecutionContext, next: { handle(): Observable }): Observable {
      return watched(next.handle(), (error) => seen(context, error));
    },
  });
}

function watched(source: Observable, onError: (error: unknown) => void): Observable {
  const Same = source.constructor as new (subscribe: (observer: Observer) => unknown) => Observable;
  return new Same((observer) =>
    source.subscribe({
      next: (value) => observer.next(value),
      error: (error) => {
        onError(error);
        observer.error(error);
      },
      complete: () => observer.complete(),
    }),
  );
}

function seen(context: ExecutionContext, error: unknown): void {
  quietly('nest', () => {
    if (context.getType() === 'http') {
      const { request, response } = raw(context);
      if (request !== undefined && response !== undefined) {
        failing(request, response, error, MECHANISM);
        return;
      }
    }
    // A message or a query of another transport: there is no status to wait for.
    if (isFailure(error)) {
      capture(error, MECHANISM);
    }
  });
}

/** What Node gave; Fastify wraps it. */
function raw(context: ExecutionContext): {
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
} {
  const http = context.switchToHttp();
  const [request, response] = [http.getRequest(), http.getResponse()].map((given) => {
    const inner = isObject(given) ? get(given, 'raw') : undefined;
    return isObject(inner) ? inner : given;
  });
  return { request: request as IncomingMessage | undefined, response: response as ServerResponse | undefined };
}
