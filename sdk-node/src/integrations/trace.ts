/** The trace that a request belongs to. */

import type { Trace } from '../scope';

/** W3C: version, trace, span, flags. Ours and Sentry's: trace, span, decision. The same forms that the engine takes. */
const HEADER = /^\s*(?:(?!ff)[0-9a-f]{2}-)?(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})(?:-|\s*$)/i;

/** Half of an id: it need only be unlike others, and `node:crypto` takes milliseconds to load. */
function half(): string {
  return Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, '0');
}

/** A span of its own that goes on with a `traceparent` or `sentry-trace` header; undefined where it is neither. */
export function traceOf(header: string): Trace | undefined {
  const [, trace, parent] = HEADER.exec(header) ?? [];
  if (trace === undefined || parent === undefined) {
    return undefined;
  }
  return {
    trace_id: trace.toLowerCase(),
    span_id: half() + half(),
    parent_span_id: parent.toLowerCase(),
  };
}
