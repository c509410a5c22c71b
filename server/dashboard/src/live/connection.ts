/**
 * The connection to the stream: opened, read, and opened again where it ended.
 *
 * `fetch` and not `EventSource`, which neither says why it failed nor goes on, in another tab, where one ended.
 */

import { createParser } from 'eventsource-parser';
import { address } from '../api/client';
import { endSession } from '../api/session';
import { type Message, parse, reset } from './messages';

/** Proxies that hold back what is not whole never show the first entry. After so long the stream counts as held back. */
const FIRST_WITHIN = 5_000;
/** The server says something at least every 15 s. What is silent for three times that is gone. */
export const SILENT_AT_MOST = 45_000;
/** Waits between attempts: from here, doubled, up to there. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Entries that are taken at once, before the page has its turn: a few milliseconds of work. */
const AT_ONCE = 100;

/** How the stream is: on its way, there, held back on its way so that the page has to ask, or its server is away. */
export type State = 'connecting' | 'live' | 'polling' | 'away';

export interface Handlers {
  /** Entries, in order, each once. */
  take(messages: Message[]): void;
  /** How the stream is now. */
  turn(state: State): void;
  /** No entry came, but a sign that the stream still is there. */
  heard?(): void;
}

/**
 * Reads the stream until it is aborted.
 *
 * @param place - the id of the last entry that is known; what came since is told first. Without one everything that was
 * asked for before the stream began counts as old, and `reset` says so.
 */
export async function follow(place: string | undefined, handlers: Handlers, signal: AbortSignal): Promise<void> {
  let last = place;
  let wait = FIRST_WAIT;
  const noting: Handlers = {
    ...handlers,
    take(messages) {
      last = messages.findLast(({ id }) => id !== '')?.id ?? last;
      handlers.take(messages);
    },
  };
  while (!signal.aborted) {
    const outcome = await connect(last, noting, signal);
    if (signal.aborted || outcome === 'unknown') return;
    // One that held is opened again soon, one that never began ever more seldom.
    if (outcome === 'held') wait = FIRST_WAIT;
    handlers.turn(outcome === 'held' ? 'connecting' : outcome === 'away' ? 'away' : 'polling');
    // Not all browsers at the same moment after a restart.
    await pause(wait * (0.5 + Math.random() / 2), signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** What came of one connection: it told something; it told nothing; nothing answered; nobody is known any more. */
type Outcome = 'held' | 'silent' | 'away' | 'unknown';

async function connect(last: string | undefined, handlers: Handlers, signal: AbortSignal): Promise<Outcome> {
  const connection = new AbortController();
  const end = () => connection.abort();
  signal.addEventListener('abort', end);
  let timer = setTimeout(end, FIRST_WITHIN);
  let outcome: Outcome = 'away';
  try {
    const response = await fetch(address('/api/v1/stream'), {
      headers: { accept: 'text/event-stream', ...(last ? { 'last-event-id': last } : {}) },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: connection.signal,
    });
    if (response.status === 401) {
      endSession();
      return 'unknown';
    }
    outcome = 'silent';
    if (!response.ok || !response.body) return outcome;
    for await (const messages of entries(response.body, connection.signal)) {
      clearTimeout(timer);
      timer = setTimeout(end, SILENT_AT_MOST);
      if (messages.length === 0) {
        handlers.heard?.();
        continue;
      }
      if (outcome === 'silent') {
        outcome = 'held';
        // Lists that were read before the stream began may lack what happened in between.
        if (last === undefined) messages.push(reset(messages.at(-1)?.id ?? ''));
        handlers.turn('live');
      }
      handlers.take(messages);
    }
    return outcome;
  } catch {
    // It broke off, or was ended because nothing came for too long.
    return connection.signal.aborted && outcome === 'away' ? 'silent' : outcome;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    connection.abort();
  }
}

/** The entries of a body, a few at a time; none where there was only a sign of life. Nothing more once it is aborted. */
async function* entries(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Message[]> {
  let raw: { event?: string | undefined; id?: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: (event) => raw.push(event) });
  const text = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    parser.feed(text.decode(value, { stream: true }));
    do {
      const some = raw.slice(0, AT_ONCE);
      raw = raw.slice(AT_ONCE);
      const messages = some.map(({ event, id, data }) => parse(event, id, data));
      yield messages.filter((message) => message !== undefined);
      if (raw.length > 0) await breathe();
      if (signal.aborted) return;
    } while (raw.length > 0);
  }
}

/** Waits, unless it is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      done();
    }
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/** Lets the page have its turn. Not by a timer: in a tab in the background those come once a second, or once a minute. */
export function breathe(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage('');
  });
}
