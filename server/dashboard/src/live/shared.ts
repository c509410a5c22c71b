/**
 * One stream a browser: the tab that holds the lock reads it and tells the others. When it is closed the lock goes to
 * another, which goes on behind the last entry that it was told.
 */

import { follow, type Handlers, SILENT_AT_MOST, type State } from './connection';
import type { Message } from './messages';
import { Place } from './place';

/** What tabs say to each other. `after` is where in the stream the reading one was before. */
type Word =
  | { kind: 'entries'; after: string | undefined; messages: Message[] }
  | { kind: 'state'; after: string | undefined; state: State }
  // A tab that was just opened asks how the stream is.
  | { kind: 'who' };

/** The reading tab says something each time that it hears something. One that does not, for longer, hangs. */
const HANGS_AFTER = SILENT_AT_MOST + 15_000;
/** So often that is looked at. */
const LOOK_EVERY = 5_000;

/**
 * Takes part in the stream until it is aborted.
 *
 * @param who - whose stream it is: tabs of others have their own
 */
export function share(who: string, handlers: Handlers, signal: AbortSignal): void {
  const place = new Place((messages) => handlers.take(messages));
  const name = `faultwire.stream ${new URL('.', document.baseURI).pathname} ${who}`;
  if ('locks' in navigator && 'BroadcastChannel' in window) together(name, place, handlers, signal);
  else alone(place, handlers, signal);
}

function together(name: string, place: Place, { turn }: Handlers, signal: AbortSignal): void {
  const channel = new BroadcastChannel(name);
  const say = (word: Word) => {
    if (!signal.aborted) channel.postMessage(word);
  };
  let state: State = 'connecting';
  let isReading = false;
  let heardAt = performance.now();

  const sayState = () => say({ kind: 'state', after: place.last, state });
  channel.onmessage = ({ data: word }: MessageEvent<Word>) => {
    if (word.kind === 'who') {
      if (isReading) sayState();
      return;
    }
    heardAt = performance.now();
    place.expect(word.after);
    if (word.kind === 'entries') place.receive(word.messages);
    else turn(word.state);
  };
  signal.addEventListener('abort', () => channel.close());
  say({ kind: 'who' });

  const read = async (end: AbortSignal) => {
    isReading = true;
    const both: Handlers = {
      take(messages) {
        say({ kind: 'entries', after: place.last, messages });
        place.receive(messages);
      },
      turn(next) {
        state = next;
        sayState();
        turn(next);
      },
      heard: sayState,
    };
    await follow(place.last, both, end);
    isReading = false;
  };
  const hangs = () => !isReading && !document.hidden && performance.now() - heardAt > HANGS_AFTER;
  void takeTurns(name, read, hangs, signal);
}

/** Reads whenever it is this tab's turn; takes it from a tab that hangs. */
async function takeTurns(
  name: string,
  read: (end: AbortSignal) => Promise<void>,
  hangs: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  let isTaken = false;
  while (!signal.aborted) {
    const own = new AbortController();
    const end = AbortSignal.any([signal, own.signal]);
    const timer = setInterval(() => {
      if (!hangs()) return;
      isTaken = true;
      own.abort();
    }, LOOK_EVERY);
    const options: LockOptions = isTaken ? { steal: true } : { signal: end };
    isTaken = false;
    try {
      await navigator.locks.request(name, options, () => read(end));
      // Nobody is known any more.
      if (!end.aborted) return;
    } catch {
      // It waited, and waits no longer; or another tab took its turn.
    } finally {
      own.abort();
      clearInterval(timer);
    }
  }
}

/**
 * Over plain http from another machine, browsers have no locks: each tab has a stream of its own while it is seen. A
 * browser opens six connections to a server at most, and tabs in the background would take them all.
 */
function alone(place: Place, { turn }: Handlers, signal: AbortSignal): void {
  let seen: AbortController | undefined;
  const look = () => {
    if (document.hidden) {
      seen?.abort();
      seen = undefined;
    } else if (!seen) {
      seen = new AbortController();
      const take = (messages: Message[]) => place.receive(messages);
      void follow(place.last, { take, turn }, AbortSignal.any([signal, seen.signal]));
    }
  };
  document.addEventListener('visibilitychange', look, { signal });
  look();
}
