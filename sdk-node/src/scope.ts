/**
 * Scopes: what the application says about where it is, and who sees it.
 *
 * Three layers go over each event: global < isolation < current. An `AsyncLocalStorage` holds the latter two. Outside
 * of any `withIsolationScope` there is one isolation scope a thread, which later ones start from. The global layer is
 * one for the process, worker threads included.
 *
 * Setters never throw: telling an error tracker something must not be a way to fail.
 */

import { AsyncLocalStorage } from 'node:async_hooks';

import { callbacks } from './callbacks';
import { isObject } from './extract/safe';
import { MAX_MESSAGE } from './extract/text';
import { SCOPE, toJson, toJsonObject, toText } from './extract/values';
import { note, quietly, within } from './guard';
import { native, type ScopeCell } from './native';
import { settings } from './settings';
import { isMainThread } from './thread';

/** How bad it is. */
export type Level = 'fatal' | 'error' | 'warning' | 'info' | 'debug';

/** Who is hit. All but `id` is sent only with the option `sendDefaultPii`. */
export interface User {
  id?: string | number | undefined;
  email?: string | undefined;
  username?: string | undefined;
  ip_address?: string | undefined;
  [key: string]: unknown;
}

/** Something that happened before. */
export interface Breadcrumb {
  message?: string | undefined;
  /** A dotted source: `sql.query`. */
  category?: string | undefined;
  /** Default `info`. */
  level?: Level | undefined;
  /** How a viewer shows it: `http`, `query`, ... */
  type?: string | undefined;
  data?: Record<string, unknown> | undefined;
  /** Unix seconds; default: now. */
  timestamp?: number | undefined;
}

/** Where an event stands in a trace: lower-case hex digits, 32 and 16. */
export interface Trace {
  trace_id: string;
  span_id: string;
  parent_span_id?: string | null;
}

/**
 * What an integration knows of the request at hand, where no scope says otherwise. `request` is in the form of the
 * protocol: `{url, method, headers, query_string, cookies, data}`.
 */
export interface Surroundings {
  transaction?: string | undefined;
  user?: User | undefined;
  request?: Record<string, unknown> | undefined;
  trace?: Trace | undefined;
  contexts?: Record<string, Record<string, unknown>> | undefined;
}

/** Asked at each capture that becomes an event. */
export type SurroundingsSource = () => Surroundings | undefined;

/**
 * @internal Whether a scope may say a level or a fingerprint, which are parts of the place that captures fold by: scopes
 * are asked only then. A worker thread may see what the main one said of the whole process; the other way round, what
 * only a worker thread said of it counts from the first that the main one says.
 */
export const places = { maySay: !isMainThread };

/** One layer of what is said about coming events. Values are copied, within limits; none is kept. */
export class Scope {
  /** Made at once, but for a layer that most often nobody asks for. */
  private made: ScopeCell | undefined;
  private parent: Scope | undefined;
  /** @internal */
  lastEventId: string | undefined;
  /** @internal */
  source: SurroundingsSource | undefined;

  /** @internal `unused`: it starts from what `parent` holds when it is asked for first, without breadcrumbs. */
  constructor(parent?: Scope, cell?: ScopeCell, unused = false) {
    this.made = unused ? undefined : (cell ?? new native.ScopeCell(parent?.cell));
    this.parent = unused ? parent : undefined;
    this.source = parent?.source;
  }

  /** @internal */
  get cell(): ScopeCell {
    if (this.made === undefined) {
      this.made = new native.ScopeCell(this.parent?.cell);
      this.made.clearBreadcrumbs();
      this.parent = undefined;
    }
    return this.made;
  }

  /** Sets a searchable text: key of at most 200 of `[a-zA-Z0-9_.:-]`, value of at most 200 characters. */
  setTag(key: string, value: unknown): void {
    quietly('setTag', () => this.cell.setTag(toText(key), toText(value)));
  }

  /** Sets several tags, as `setTag` does one. */
  setTags(tags: Record<string, unknown>): void {
    quietly('setTags', () => {
      for (const [key, value] of Object.entries(tags)) {
        this.cell.setTag(toText(key), toText(value));
      }
    });
  }

  /** Forgets a tag of this layer; one of another layer stays. */
  removeTag(key: string): void {
    quietly('removeTag', () => this.cell.removeTag(toText(key)));
  }

  /** Says who is hit; null forgets. All but `id` is sent only with the option `sendDefaultPii`. */
  setUser(user: User | null): void {
    quietly('setUser', () => this.cell.setUser(isObject(user) ? toJson(user, SCOPE) : undefined));
  }

  /** Names the session of the user, to count how many are hit; null forgets. */
  setSession(id: string | null): void {
    quietly('setSession', () => this.cell.setSession(textOrNothing(id)));
  }

  /** Sets a named object, shown with the event: at most 8 kB; null forgets. */
  setContext(key: string, value: Record<string, unknown> | null): void {
    quietly('setContext', () => this.cell.setContext(toText(key), toJsonObject(value, SCOPE)));
  }

  /** Sets free detail, at most 16 KiB a value. */
  setExtra(key: string, value: unknown): void {
    quietly('setExtra', () => this.cell.setExtra(toText(key), toJson(value, SCOPE)));
  }

  /** Sets the level of coming events whose call says none; null forgets. */
  setLevel(level: Level | null): void {
    places.maySay ||= level !== null;
    quietly('setLevel', () => this.cell.setLevel(textOrNothing(level)));
  }

  /** Names the route or job, at most 200 characters; null forgets. */
  setTransaction(name: string | null): void {
    quietly('setTransaction', () => this.cell.setTransaction(textOrNothing(name)));
  }

  /** Groups coming events by these texts; `{{ default }}` stands for the usual grouping; null forgets. */
  setFingerprint(fingerprint: readonly string[] | null): void {
    places.maySay ||= fingerprint !== null;
    quietly('setFingerprint', () => this.cell.setFingerprint(fingerprint?.map((part) => toText(part))));
  }

  /** Takes a `traceparent` or `sentry-trace` header into `contexts.trace`; false where it is neither. */
  continueTrace(header: string | null | undefined): boolean {
    return quietly('continueTrace', () => typeof header === 'string' && this.cell.continueTrace(header)) ?? false;
  }

  /** Remembers that something happened, for events to come; the oldest goes beyond `maxBreadcrumbs`. */
  addBreadcrumb(breadcrumb: Breadcrumb): void {
    quietly('addBreadcrumb', () => {
      const kept = filtered(breadcrumb);
      if (!isObject(kept)) {
        return;
      }
      const { message, category, level, type, data, timestamp } = kept;
      this.cell.addBreadcrumb(
        textOrNothing(message, MAX_MESSAGE),
        textOrNothing(category),
        textOrNothing(level),
        textOrNothing(type),
        toJsonObject(data, SCOPE),
        typeof timestamp === 'number' ? timestamp : undefined,
      );
    });
  }

  /** Forgets the breadcrumbs of this layer. */
  clearBreadcrumbs(): void {
    quietly('clearBreadcrumbs', () => this.cell.clearBreadcrumbs());
  }

  /** Forgets everything that this layer says. */
  clear(): void {
    quietly('clear', () => this.cell.clear());
  }
}

function textOrNothing(value: unknown, limit?: number): string | undefined {
  return value === undefined || value === null ? undefined : toText(value, limit);
}

/** What `beforeBreadcrumb` makes of it; nothing where it throws or gives something else. */
function filtered(breadcrumb: Breadcrumb): Breadcrumb | null | undefined {
  const hook = callbacks.beforeBreadcrumb;
  if (hook === undefined) {
    // A thread that did not call `init` does not pass by the filter of the process.
    return settings().hasBeforeBreadcrumb ? undefined : breadcrumb;
  }
  try {
    return within(() => hook({ ...breadcrumb }));
  } catch (error) {
    note('beforeBreadcrumb', error);
    return undefined;
  }
}

/** @internal The layers of whoever calls. */
export interface Layers {
  readonly isolation: Scope;
  readonly current: Scope | undefined;
}

const storage = new AsyncLocalStorage<Layers>();
let outside: Layers = { isolation: new Scope(), current: undefined };
const EVERYWHERE = new Scope(undefined, native.globalCell());

/** @internal The layers of whoever calls. */
export function here(): Layers {
  return storage.getStore() ?? outside;
}

/** @internal Other layers for whoever calls from outside of any isolation scope; gives those that were there. */
export function replaceOutside(layers: Layers): Layers {
  const before = outside;
  outside = layers;
  return before;
}

/** @internal Asked at each event for the span at hand, which is nearer than what any request says. */
export const tracing: { source: (() => Trace | undefined) | undefined } = { source: undefined };

/** @internal What the innermost source of surroundings says, as a value; it may run the application's code. */
export function surroundings({ isolation, current }: Layers): Surroundings | undefined {
  const known = (current?.source ?? isolation.source)?.();
  const trace = tracing.source === undefined ? undefined : quietly('trace', tracing.source);
  return trace === undefined ? known : { ...known, trace };
}

/** @internal A fresh isolation layer on top of what is here, asked for `source` at each capture. */
export function isolated(source?: SurroundingsSource): Layers {
  const { isolation, current } = here();
  const scope = new Scope(isolation);
  if (source !== undefined) {
    scope.source = source;
  }
  return { isolation: scope, current: current && new Scope(current) };
}

/**
 * @internal A fresh isolation layer for what begins by itself, as a request does: on top of what is said outside of
 * any, whatever the connection or thread did before, and without what happened there.
 */
export function afresh(source: SurroundingsSource): Layers {
  const isolation = new Scope(outside.isolation, undefined, true);
  isolation.source = source;
  return { isolation, current: undefined };
}

/** @internal Runs `work` in these layers. */
export function runIn<T>(layers: Layers, work: () => T): T {
  return storage.run(layers, work);
}

/**
 * @internal Puts these layers in force for the rest of the synchronous execution and all that it starts: where a
 * platform tells that a request begins, but lets nobody wrap it.
 */
export function enter(layers: Layers): void {
  storage.enterWith(layers);
}

/**
 * A layer for one block: `withScope((scope) => { scope.setTag('step', 'import'); ... })`. What `scope` is told counts
 * for events captured by the callback and by what it starts. Gives what the callback gives.
 */
export function withScope<T>(callback: (scope: Scope) => T): T {
  const { isolation, current } = here();
  const scope = new Scope(current);
  return storage.run({ isolation, current: scope }, callback, scope);
}

/**
 * A layer of its own for one unit of work: a request, a job, a message off a queue. `setTag` and the others write to
 * it from anywhere inside, and nothing of it is left afterwards. It starts from what was there.
 */
export function withIsolationScope<T>(callback: (scope: Scope) => T): T {
  const layers = isolated();
  return storage.run(layers, callback, layers.isolation);
}

/** The layer under all others, seen by every request and thread of the process. */
export function globalScope(): Scope {
  return EVERYWHERE;
}

/** The layer of the request or job at hand, to which `setTag` and the others write. */
export function isolationScope(): Scope {
  return here().isolation;
}

/** Id (32 hex digits) of the last event captured in this isolation scope. */
export function lastEventId(): string | undefined {
  return here().isolation.lastEventId;
}

/** `Scope.setTag` of the isolation scope. */
export const setTag = (key: string, value: unknown): void => here().isolation.setTag(key, value);
/** `Scope.setTags` of the isolation scope. */
export const setTags = (tags: Record<string, unknown>): void => here().isolation.setTags(tags);
/** `Scope.removeTag` of the isolation scope. */
export const removeTag = (key: string): void => here().isolation.removeTag(key);
/** `Scope.setUser` of the isolation scope. */
export const setUser = (user: User | null): void => here().isolation.setUser(user);
/** `Scope.setSession` of the isolation scope. */
export const setSession = (id: string | null): void => here().isolation.setSession(id);
/** `Scope.setContext` of the isolation scope. */
export const setContext = (key: string, value: Record<string, unknown> | null): void =>
  here().isolation.setContext(key, value);
/** `Scope.setExtra` of the isolation scope. */
export const setExtra = (key: string, value: unknown): void => here().isolation.setExtra(key, value);
/** `Scope.setLevel` of the isolation scope. */
export const setLevel = (level: Level | null): void => here().isolation.setLevel(level);
/** `Scope.setTransaction` of the isolation scope. */
export const setTransaction = (name: string | null): void => here().isolation.setTransaction(name);
/** `Scope.setFingerprint` of the isolation scope. */
export const setFingerprint = (fingerprint: readonly string[] | null): void =>
  here().isolation.setFingerprint(fingerprint);
/** `Scope.continueTrace` of the isolation scope. */
export const continueTrace = (header: string | null | undefined): boolean => here().isolation.continueTrace(header);
/** `Scope.addBreadcrumb` of the isolation scope. */
export const addBreadcrumb = (breadcrumb: Breadcrumb): void => here().isolation.addBreadcrumb(breadcrumb);
/** `Scope.clearBreadcrumbs` of the isolation scope. */
export const clearBreadcrumbs = (): void => here().isolation.clearBreadcrumbs();
