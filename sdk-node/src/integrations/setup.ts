/**
 * The lines by which an application connects a framework that does not tell of its errors by itself. Each loads what it
 * needs when it is called. None of them throws.
 */

import { quietly } from '../guard';
import type { ExpressApp } from './express';
import type { FastifyApp } from './fastify';
import type { HapiServer } from './hapi';
import type { KoaApp } from './koa';
import type { NestApp } from './nest';
import type { NextErrorContext, NextRequest } from './next';

/** Express 4, and 5 with a router before 2.3: after all routes, before error handlers of your own. */
export function setupExpressErrorHandler(app: ExpressApp): void {
  quietly('express', () => (require('./express') as typeof import('./express')).setup(app));
}

/** An instance of Fastify that was made before `init`. */
export function setupFastifyErrorHandler(app: FastifyApp): void {
  quietly('fastify', () => (require('./fastify') as typeof import('./fastify')).setup(app));
}

/** Koa: before middleware of your own. */
export function setupKoaErrorHandler(app: KoaApp): void {
  quietly('koa', () => (require('./koa') as typeof import('./koa')).setup(app));
}

/** Hapi: after `Hapi.server()`. */
export function setupHapiErrorHandler(server: HapiServer): void {
  quietly('hapi', () => (require('./hapi') as typeof import('./hapi')).setup(server));
}

/** NestJS: after `NestFactory.create()`. */
export function setupNestErrorHandler(app: NestApp): void {
  quietly('nest', () => (require('./nest') as typeof import('./nest')).setup(app));
}

/** Next.js: what `onRequestError` of `instrumentation.ts` passes on, in the runtime `nodejs`. */
export function captureRequestError(error: unknown, request: NextRequest, context: NextErrorContext): void {
  quietly('next', () => (require('./next') as typeof import('./next')).capturedByNext(error, request, context));
}
