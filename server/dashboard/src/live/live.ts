/**
 * The stream and the pages: what it tells is put into what they have asked for, and told to those who listen.
 */

import { useEffect, useSyncExternalStore } from 'react';
import { observeBuild } from '../api/build';
import { queryClient } from '../api/queries';
import { learn } from '../clock';
import { apply } from './apply';
import type { State } from './connection';
import type { Message } from './messages';
import { share } from './shared';

/** Without a stream everything that is on screen is asked for again, every so often. */
const POLL_EVERY = 10_000;
/** A greeting is on its way for less than this. */
const HELLO_IS_EXACT_TO = 2_000;

type Listener = (messages: Message[]) => void;

let state: State = 'connecting';
const stateListeners = new Set<() => void>();
const listeners = new Set<Listener>();

function turn(next: State): void {
  if (state === next) return;
  state = next;
  for (const tell of stateListeners) tell();
}

function take(messages: Message[]): void {
  for (const message of messages) {
    if (message.name !== 'hello') continue;
    learn(message.data.now, HELLO_IS_EXACT_TO);
    observeBuild(message.data.build);
  }
  apply(queryClient, messages);
  for (const tell of listeners) tell(messages);
}

/** Follows the stream as long as someone is logged in. Once, in the shell. */
export function useStream(isKnown: boolean): void {
  useEffect(() => {
    if (!isKnown) return;
    const end = new AbortController();
    share({ take, turn }, end.signal);
    const poll = setInterval(() => {
      if (state !== 'live' && !document.hidden) void queryClient.invalidateQueries();
    }, POLL_EVERY);
    return () => {
      end.abort();
      clearInterval(poll);
    };
  }, [isKnown]);
}

/** How the stream is. */
export function useStreamState(): State {
  const subscribe = (tell: () => void) => {
    stateListeners.add(tell);
    return () => stateListeners.delete(tell);
  };
  return useSyncExternalStore(subscribe, () => state);
}

/** Calls `listener` with what the stream tells. It has to stay the same from one rendering to the next. */
export function useMessages(listener: Listener): void {
  useEffect(() => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, [listener]);
}
