/**
 * Next.js 15 and later tells of errors of its server: pages, route handlers, server actions. In `instrumentation.ts`,
 * which Next also builds for an edge runtime that has no native libraries:
 *
 *     export async function onRequestError(...told) {
 *       if (process.env.NEXT_RUNTIME === 'nodejs') {
 *         const { captureRequestError } = await import('faultwire');
 *         captureRequestError(...told);
 *       }
 *     }
 */

import { get, isObject } from '../extract/safe';
import { isolationScope, withScope } from '../scope';
import { type Asked, capture, describe, isFailure } from './request';

const MECHANISM = 'auto.http.nextjs';

/** Redirects, 404 and the like, which Next throws to itself. */
const CONTROL_FLOW = /^NEXT_|^DYNAMIC_SERVER_USAGE$|^BAILOUT_TO_CLIENT_SIDE_RENDERING$/;

/** What Next says of the request. */
export interface NextRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What Next says of where it happened. */
export interface NextErrorContext {
  /** `/blog/[slug]`. */
  readonly routePath: string;
  /** `render`, `route`, `action` or `middleware`. */
  readonly routeType: string;
  readonly routerKind: string;
}

export function capturedByNext(error: unknown, request: NextRequest, context: NextErrorContext): void {
  const digest = isObject(error) ? get(error, 'digest') : undefined;
  if (!isFailure(error) || (typeof digest === 'string' && CONTROL_FLOW.test(digest))) {
    return;
  }
  const { source } = isolationScope();
  withScope((scope) => {
    const asked: Asked = { ...request, url: request.path };
    const own = { request: describe(asked, request.path) };
    scope.source = () => ({ ...(source?.() ?? own), transaction: context.routePath });
    scope.setContext('nextjs', { router_kind: context.routerKind, route_type: context.routeType });
    capture(error, MECHANISM);
  });
}
