/**
 * The connection to the stream: opened, read, and opened again where it ended.
 *
 * `fetch` and not `EventSource`, which neither says why it failed nor goes on, in another tab, where one ended.
 */

import { createParser } from 'eventsource-parser';
import { address } from '../api/client';
import { endSession } from '../api/session';
import { type Message, parse } from './messages';

/** Proxies that hold back what is not whole never show the first entry. After so long the stream counts as held back. */
const FIRST_WITHIN = 5_000;
/** The server says something at least every 15 s. What is silent for three times that is gone. */
const SILENT_AT_MOST = 45_000;
/** Waits between attempts: from here, doubled, up to there. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Entries that are taken at once, before the page has its turn: a few milliseconds of work. */
const AT_ONCE = 250;

/** How the stream is. */
export type State = 'connecting' | 'live' | 'polling';

export interface Handlers {
  /** Entries, in order, each once. */
  take(messages: Message[]): void;
  /** How the stream is now. */
  turn(state: State): void;
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });

/** Reads the stream until it is aborted. `last` is the id of the last entry that anybody of this browser has. */
export async function follow(last: string | undefined, handlers: Handlers, signal: AbortSignal): Promise<void> {
  let position = last;
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    const outcome = await read(position, handlers, signal, (id) => {
      position = id;
    });
    if (signal.aborted || outcome === 'unknown') return;
    // One that held is opened again soon, one that never began ever more seldom.
    if (outcome === 'held') wait = FIRST_WAIT;
    handlers.turn(outcome === 'held' ? 'connecting' : 'polling');
    // Not all browsers at the same moment after a restart.
    await pause(wait * (0.5 + Math.random() / 2), signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** One connection: whether it told something, or nothing; or that nobody is known any more. */
async function read(
  last: string | undefined,
  handlers: Handlers,
  signal: AbortSignal,
  advance: (id: string) => void,
): Promise<'held' | 'silent' | 'unknown'> {
  const connection = new AbortController();
  const end = () => connection.abort();
  signal.addEventListener('abort', end);
  let hasBegun = false;
  let timer = setTimeout(end, FIRST_WITHIN);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(end, SILENT_AT_MOST);
  };
  let waiting: Message[] = [];
  const parser = createParser({
    onEvent(event) {
      const message = parse(event.event, event.id, event.data);
      if (message) waiting.push(message);
    },
  });
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
    if (!response.ok || !response.body) return 'silent';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return hasBegun ? 'held' : 'silent';
      heard();
      parser.feed(value);
      while (waiting.length > 0) {
        const some = waiting.slice(0, AT_ONCE);
        waiting = waiting.slice(AT_ONCE);
        if (!hasBegun) {
          hasBegun = true;
          handlers.turn('live');
        }
        handlers.take(some);
        const id = some.at(-1)?.id;
        if (id) advance(id);
        if (waiting.length > 0) await pause(0, connection.signal);
      }
    }
  } catch {
    return hasBegun ? 'held' : 'silent';
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    connection.abort();
  }
}
