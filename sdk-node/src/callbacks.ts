/** Code of the application that Faultwire calls: always on the thread that captured, and never twice at a time. */

import type { Breadcrumb, Level } from './scope';

/** An event in the form of the protocol. */
export type Event = Record<string, unknown>;

/** What an event was made of. */
export interface EventHint {
  /** What was thrown; missing for messages and events. */
  originalException?: unknown;
}

/** What a sampler is asked about. */
export interface SamplingHint {
  /** What was thrown; missing for messages and events. */
  originalException?: unknown;
  exceptionType: string | undefined;
  level: Level;
  logger: string | undefined;
  transaction: string | undefined;
}

/** Changes an event, or drops it with null. One that throws, or gives a promise, drops it. */
export type BeforeSend = (event: Event, hint: EventHint) => Event | null;
/** Changes a breadcrumb, or drops it with null. One that throws drops it. */
export type BeforeBreadcrumb = (breadcrumb: Breadcrumb) => Breadcrumb | null;
/** A share from 0 to 1 for this very capture; undefined for the usual one. */
export type ErrorSampler = (hint: SamplingHint) => number | undefined;

/** What `init` was given in this thread. */
export interface Callbacks {
  beforeSend: BeforeSend | undefined;
  beforeBreadcrumb: BeforeBreadcrumb | undefined;
  errorSampler: ErrorSampler | undefined;
}

export const callbacks: Callbacks = { beforeSend: undefined, beforeBreadcrumb: undefined, errorSampler: undefined };
