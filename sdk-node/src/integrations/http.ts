/**
 * HTTP servers: each request has an isolation scope, and an event from inside says which request it was.
 *
 * Node tells of requests on diagnostics channels, so that nothing is wrapped, every framework is covered, and it does
 * not matter what was imported first. HTTP/1 with and without TLS is told of by every Node, HTTP/2 from version 22 on.
 *
 * Of requests to upgrade a connection (WebSocket) it does not tell. But it tells of connections, and by that of servers:
 * one that has listeners for upgrades is asked to tell them in a scope, which lasts as long as the connection.
 */

import { executionAsyncResource } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Http2Stream, IncomingHttpHeaders } from 'node:http2';

import { note, quietly } from '../guard';
import { type Layers, enter } from '../scope';
import { type Asked, type Handled, cover } from './request';

const HTTP1 = 'http.server.request.start';
const HTTP2 = 'http2.server.stream.start';
const CONNECTION = 'net.server.socket';

/** What emits events, as servers and sockets do. */
interface Emitter {
  emit(event: string | symbol, ...values: unknown[]): boolean;
  listenerCount(event: string): number;
}

let on = false;

export function setupOnce(): void {
  subscribe(HTTP1, began);
  subscribe(HTTP2, streamBegan);
  subscribe(CONNECTION, connected);
  on = true;
}

export function remove(): void {
  unsubscribe(HTTP1, began);
  unsubscribe(HTTP2, streamBegan);
  unsubscribe(CONNECTION, connected);
  on = false;
}

function began(message: unknown): void {
  try {
    const { request } = message as { request: IncomingMessage };
    const handled = cover(request, request);
    if (handled !== undefined) {
      enterHere(handled.layers);
      const { headers } = request;
      if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
        followBody(request, handled);
      }
    }
  } catch (error) {
    note('http', error);
  }
}

function streamBegan(message: unknown): void {
  try {
    const { stream, headers } = message as { stream: Http2Stream; headers: IncomingHttpHeaders };
    const asked: Asked = {
      method: headers[':method'],
      url: headers[':path'],
      scheme: headers[':scheme'],
      headers,
      socket: stream.session?.socket as Asked['socket'],
    };
    const handled = cover(stream, asked);
    if (handled !== undefined) {
      enterHere(handled.layers);
      followBody(stream, handled);
    }
  } catch (error) {
    note('http', error);
  }
}

/** Where this Node keeps the current layers on the object that code runs for; null where it does not do that. */
let storeKey: symbol | null | undefined;

/**
 * Enters the layers for what the platform does next in this turn: telling the application of the request.
 *
 * Up to version 22 Node remembers them for the connection. There they are taken off again, so that a later request of
 * somebody else, or what the connection itself reports, does not see them.
 */
function enterHere(layers: Layers): void {
  enter(layers);
  if (storeKey === null) {
    return;
  }
  const resource = executionAsyncResource() as Record<symbol, unknown>;
  storeKey ??= Object.getOwnPropertySymbols(resource).find((key) => resource[key] === layers) ?? null;
  if (storeKey !== null) {
    process.nextTick(leave, resource, storeKey, layers);
  }
}

function leave(resource: Record<symbol, unknown>, key: symbol, layers: Layers): void {
  if (resource[key] === layers) {
    resource[key] = undefined;
  }
}

/** The servers that tell of upgrades. */
const watched = new WeakSet<Emitter>();

function connected(message: unknown): void {
  quietly('http', () => {
    const { server } = (message as { socket: { server?: Emitter | null } }).socket;
    if (server && !watched.has(server) && server.listenerCount('upgrade') > 0) {
      watched.add(server);
      wrapEmit(server, (tell, event, [request, socket]) => {
        if (event === 'upgrade' && on) {
          quietly('http', () => upgraded(request as IncomingMessage, socket as Emitter));
        }
        return tell();
      });
    }
  });
}

function upgraded(request: IncomingMessage, socket: Emitter): void {
  const handled = cover(request, request);
  if (handled !== undefined) {
    enterHere(handled.layers);
    wrapEmit(socket, (tell) => handled.run(tell));
  }
}

/**
 * The body arrives in the name of the connection, not of the request. So what the request tells its listeners is told
 * in the request's scope; what they are given is remembered, within `maxRequestBodySize`.
 */
function followBody(stream: IncomingMessage | Http2Stream, handled: Handled): void {
  const { body } = handled;
  wrapEmit(stream, (tell, event, [chunk]) => {
    if (event === 'data' && body !== undefined) {
      quietly('http', () => body.add(chunk));
    }
    return handled.run(tell);
  });
}

type Tell = () => boolean;

/** Has `around` called for each event, which is told by `tell()`. */
function wrapEmit(
  emitter: Emitter,
  around: (tell: Tell, event: string | symbol, values: readonly unknown[]) => boolean,
): void {
  const { emit } = emitter;
  function wrapped(this: unknown, event: string | symbol, ...values: unknown[]): boolean {
    return around(() => Reflect.apply(emit, this, [event, ...values]), event, values);
  }
  Object.defineProperty(emitter, 'emit', { value: wrapped, configurable: true, writable: true, enumerable: false });
}
