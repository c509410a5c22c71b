/** The trace that a request belongs to. */

import { randomBytes } from 'node:crypto';

import type { Trace } from '../scope';

/** W3C: version, trace, span, flags. Ours and Sentry's: trace, span, decision. The same forms that the engine takes. */
const HEADER = /^\s*(?:(?!ff)[0-9a-f]{2}-)?(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})(?:-|\s*$)/i;

/** A span of its own that goes on with a `traceparent` or `sentry-trace` header; undefined where it is neither. */
export function traceOf(header: string): Trace | undefined {
  const [, trace, parent] = HEADER.exec(header) ?? [];
  if (trace === undefined || parent === undefined) {
    return undefined;
  }
  return {
    trace_id: trace.toLowerCase(),
    span_id: randomBytes(8).toString('hex'),
    parent_span_id: parent.toLowerCase(),
  };
}
