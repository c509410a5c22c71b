/**
 * One stream a browser: the tab that holds the lock reads it and tells the others. When it is closed the lock goes to
 * another, which goes on behind the last entry that it was told.
 */

import { follow, type Handlers, type State } from './connection';
import type { Message } from './messages';

const LOCK = 'faultwire.stream';
const CHANNEL = 'faultwire.stream';

type Word =
  | { kind: 'entries'; messages: Message[] }
  | { kind: 'state'; state: State }
  // A tab that was just opened asks how the stream is.
  | { kind: 'who' };

/** Takes part in the stream until it is aborted. */
export function share(handlers: Handlers, signal: AbortSignal): void {
  const name = new URL('.', document.baseURI).pathname;
  if (!('locks' in navigator) || !('BroadcastChannel' in window)) {
    // Not a secure context, over plain http from another machine, or an old browser: each tab has its own.
    void follow(undefined, handlers, signal);
    return;
  }
  const channel = new BroadcastChannel(`${CHANNEL} ${name}`);
  const say = (word: Word) => channel.postMessage(word);
  let last: string | undefined;
  let state: State = 'connecting';
  let isReading = false;
  const take = (messages: Message[]) => {
    last = messages.at(-1)?.id || last;
    handlers.take(messages);
  };
  const turn = (next: State) => {
    state = next;
    handlers.turn(next);
  };
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data.kind === 'who') {
      if (isReading) say({ kind: 'state', state });
    } else if (data.kind === 'entries') take(data.messages);
    else turn(data.state);
  };
  signal.addEventListener('abort', () => channel.close());
  say({ kind: 'who' });
  const read = async () => {
    isReading = true;
    const both: Handlers = {
      take(messages) {
        say({ kind: 'entries', messages });
        take(messages);
      },
      turn(next) {
        say({ kind: 'state', state: next });
        turn(next);
      },
    };
    await follow(last, both, signal);
    isReading = false;
  };
  navigator.locks.request(`${LOCK} ${name}`, { signal }, read).catch(() => {
    // Aborted while it waited for its turn.
  });
}
