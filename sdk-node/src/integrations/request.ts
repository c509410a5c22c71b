/**
 * One request: the layers of its scope, and what is known of it.
 *
 * An ordinary request costs a scope and a few small objects. URL, headers and body are put together only when there
 * is an event.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { captureException } from '../capture';
import { get, isObject, isProxy, ownData } from '../extract/safe';
import { LOOK_AHEAD, cut } from '../extract/text';
import { Json, parsedBody } from '../extract/values';
import { note, quietly } from '../guard';
import { native } from '../native';
import { type Layers, type Surroundings, type Trace, type User, afresh, here, runIn } from '../scope';
import { settings } from '../settings';
import { BodyRecorder, isRecordable } from './body';
import { expressRoute } from './express-route';

/** What a request of HTTP/1 or of HTTP/2 says of itself. */
export interface Asked {
  readonly method?: string | undefined;
  /** The target: a path with the query, or a whole URL. */
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly scheme?: string | undefined;
  readonly socket?: { readonly encrypted?: boolean; readonly remoteAddress?: string | undefined } | null | undefined;
}

/** What a framework adds when it is asked. */
export interface Extras {
  /** The route as the application wrote it. */
  transaction?: string | undefined;
  user?: User | undefined;
  /** The body as it was parsed, for where its bytes were not seen. */
  body?: unknown;
}

/** Status codes from here on are failures of the application; those below are its business. */
const FAILURE = 500;

/** A request in the application's hands. */
export class Handled {
  readonly layers: Layers;
  /** Errors that came by. A framework can show us the same one more than once. */
  failing: Set<unknown> | undefined;
  /** As a framework wrote it, where that is known for good. */
  route: string | undefined;
  readonly body: BodyRecorder | undefined;
  /** Frameworks change it while they route; this is what the client asked for. */
  private readonly url: string;
  private extras: (() => Extras | undefined)[] | undefined;
  /** Null until it is asked for: one span, whatever number of events. */
  private trace: Trace | undefined | null = null;

  constructor(private readonly asked: Asked) {
    this.url = asked.url ?? '/';
    this.layers = afresh(() => this.describe());
    this.body = recorder(asked.headers);
  }

  /** Has a framework asked at each event; what an earlier one says stays. */
  add(source: () => Extras | undefined): void {
    (this.extras ??= []).push(source);
  }

  /** True inside the request, with or without layers of the application's own. */
  isHere(): boolean {
    return here().isolation === this.layers.isolation;
  }

  /** `work()` in the scope of the request. */
  run<T>(work: () => T): T {
    return this.isHere() ? work() : runIn(this.layers, work);
  }

  private describe(): Surroundings {
    const known: Extras = {
      transaction: this.route ?? expressRoute(this.asked),
      user: userOf(ownData(this.asked, 'user')),
    };
    for (const source of this.extras ?? []) {
      const said = quietly('request', source);
      known.transaction ??= said?.transaction;
      known.user ??= said?.user;
      known.body ??= said?.body;
    }
    const request = describe(this.asked, this.url);
    request['data'] = this.body?.data() ?? bounded(known.body ?? ownData(this.asked, 'body'));
    this.trace = this.trace === null ? traceIn(this.asked.headers) : this.trace;
    return { transaction: known.transaction, user: known.user, request, trace: this.trace };
  }
}

function same(given: object): object {
  return given;
}

/** A constructor that gives back what it is given: fields of a class that extends it are put on that. */
const Same = same as unknown as new (given: object) => object;

/**
 * What is known of a request, in a private field on it: nobody else sees it, and unlike an entry of a `WeakMap` it
 * costs the garbage collector nothing.
 */
class Marked extends Same {
  readonly #handled: Handled;

  constructor(request: object, covered: Handled) {
    super(request);
    this.#handled = covered;
  }

  static read(request: object): Handled | undefined {
    return #handled in request ? request.#handled : undefined;
  }
}

/** What is known of a request; undefined for one that nobody told us of. `request` may be a wrapper of HTTP/2. */
export function handled(request: object): Handled | undefined {
  const found = Marked.read(request);
  if (found !== undefined) {
    return found;
  }
  const stream = get(request, 'stream');
  return isObject(stream) ? Marked.read(stream) : undefined;
}

/** Starts to cover a request; undefined while nothing is captured. `key` is what it is found by. */
export function cover(key: object, asked: Asked): Handled | undefined {
  if (native.generation() === 0) {
    return undefined;
  }
  const request = new Handled(asked);
  new Marked(key, request);
  return request;
}

/** Errors whose requests have no answer yet. */
const waiting = new Set<() => void>();

/**
 * An error is on its way through a framework. It is a failure if the answer turns out to be one, whoever answers: the
 * framework, or a handler of the application. Where no answer can be given any more, the error's own status decides.
 */
export function failing(request: IncomingMessage, response: ServerResponse, error: unknown, mechanism: string): void {
  try {
    const covered = handled(request) ?? cover(request, request);
    if (covered === undefined || covered.failing?.has(error) === true) {
      return;
    }
    (covered.failing ??= new Set()).add(error);
    const layers = covered.isHere() ? here() : covered.layers;
    const fail = (): void => runIn(layers, () => capture(error, mechanism));
    if (response.headersSent || response.destroyed || response.writableEnded) {
      if (isFailure(error)) {
        fail();
      }
      return;
    }
    // Routers forget the way on the way out.
    covered.route ??= expressRoute(request);
    const decide = (): void => {
      if (waiting.delete(decide) && (response.headersSent ? response.statusCode >= FAILURE : isFailure(error))) {
        fail();
      }
    };
    waiting.add(decide);
    // Before the hook that sends what there is.
    process.off('exit', decideAll).prependListener('exit', decideAll);
    // Where the client goes away before the answer, there is only the latter.
    response.once('finish', decide).once('close', decide);
  } catch (mistake) {
    note(mechanism, mistake);
  }
}

/** The process ends, and some requests have got their answer or will never get one. */
function decideAll(): void {
  waiting.forEach((decide) => decide());
}

/** A failure that nobody handled. The framework is named by the mechanism: `auto.http.<name>`. */
export function capture(error: unknown, mechanism: string): void {
  native.addIntegration(mechanism.slice(mechanism.lastIndexOf('.') + 1));
  captureException(error, { handled: false, mechanism });
}

/** False for an error that names a status of the client's fault, as those of `http-errors` and of Boom do. */
export function isFailure(error: unknown): boolean {
  if (!isObject(error)) {
    return true;
  }
  const output = get(error, 'output');
  const said = [get(error, 'status'), get(error, 'statusCode'), isObject(output) && get(output, 'statusCode')];
  const status = said.find((code): code is number => typeof code === 'number' && code >= 400 && code < 600);
  return status === undefined || status >= FAILURE;
}

function recorder(headers: Asked['headers']): BodyRecorder | undefined {
  const type = headers['content-type'];
  // What is compressed or empty cannot be shown.
  if (typeof type !== 'string' || headers['content-encoding'] !== undefined || headers['content-length'] === '0') {
    return undefined;
  }
  const limit = settings().maxRequestBodyBytes;
  return limit > 0 && isRecordable(type) ? new BodyRecorder(limit, type) : undefined;
}

/** The request in the form of the protocol; nothing is filtered yet. */
export function describe(asked: Asked, target: string): Record<string, unknown> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(asked.headers)) {
    if (value !== undefined && !name.startsWith(':')) {
      const shown = name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
      headers[shown] = Array.isArray(value) ? value.join(', ') : String(value);
    }
  }
  const { Cookie: cookies, ...others } = headers;
  const scheme = asked.scheme ?? (asked.socket?.encrypted === true ? 'https' : 'http');
  const host = asked.headers['host'] ?? asked.headers[':authority'] ?? 'localhost';
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  // To a proxy, the target is a whole URL.
  const isWhole = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
  const address = asked.socket?.remoteAddress;
  return {
    url: isWhole ? path : `${scheme}://${String(host)}${path.startsWith('/') ? '' : '/'}${path}`,
    method: asked.method,
    query_string: question < 0 ? undefined : target.slice(question + 1),
    cookies,
    headers: others,
    env: address === undefined ? {} : { REMOTE_ADDR: address },
  };
}

/** The trace that the request belongs to, with a new span of our own. */
function traceIn(headers: Asked['headers']): Trace | undefined {
  const header = headers['traceparent'] ?? headers['sentry-trace'];
  const trace = typeof header === 'string' ? native.traceOf(header) : null;
  return trace === null ? undefined : (JSON.parse(trace) as Trace);
}

/** A body that somebody parsed, as far as options allow. */
function bounded(body: unknown): unknown {
  const limit = settings().maxRequestBodyBytes;
  if (limit === 0 || body === undefined || body === null || body instanceof Uint8Array) {
    return undefined;
  }
  if (typeof body === 'string') {
    return body === '' ? undefined : cut(body, limit + LOOK_AHEAD);
  }
  if (isObject(body) && !isProxy(body) && Object.keys(body).length === 0) {
    // What parsers leave where there was no body.
    return undefined;
  }
  return new Json(body, parsedBody(limit));
}

/** The id of a user that the application found; only what is there, since a getter could ask a database. */
export function userOf(user: unknown): User | undefined {
  const id = isObject(user) ? ownData(user, 'id') : undefined;
  return typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint' ? { id: String(id) } : undefined;
}
