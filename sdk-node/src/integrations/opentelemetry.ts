/**
 * The active span of OpenTelemetry, where the application has loaded it: found by the symbol under which its API
 * keeps what was registered, so nothing is required.
 */

import { get, isObject } from '../extract/safe';
import { type Trace, tracing } from '../scope';

const API = Symbol.for('opentelemetry.js.api.1');
/** The name that the API gives to its context key, which is a registered symbol. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');

interface Registered {
  context?: { active(): { getValue(key: symbol): unknown } };
}

interface Span {
  spanContext(): { traceId?: unknown; spanId?: unknown };
}

export function setupOnce(): void {
  tracing.source = activeSpan;
}

export function remove(): void {
  tracing.source = undefined;
}

function activeSpan(): Trace | undefined {
  const api = (globalThis as Record<symbol, unknown>)[API] as Registered | undefined;
  const span = api?.context?.active().getValue(SPAN);
  if (!isObject(span) || typeof get(span, 'spanContext') !== 'function') {
    return undefined;
  }
  const { traceId, spanId } = (span as Span).spanContext();
  return isHex(traceId, 32) && isHex(spanId, 16) ? { trace_id: traceId, span_id: spanId } : undefined;
}

/** What is made of zeros alone is no id. */
function isHex(value: unknown, length: number): value is string {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/.test(value);
}
