/**
 * The stream and the pages: what it tells is put into what they have asked for, and told to those who listen.
 *
 * | what | where |
 * |---|---|
 * | one connection, opened again whenever it ends | `connection` |
 * | one connection a browser, whichever tab has it | `shared` |
 * | each entry once | `place` |
 * | what entries mean for what was asked for | `apply`, `refresh` |
 * | what they are in words | `words` |
 */

import { useEffect } from 'react';
import { observeBuild } from '../api/build';
import { me, queryClient } from '../api/queries';
import type { Me } from '../api/schema';
import { onSessionElsewhere } from '../api/session';
import { learn } from '../clock';
import { value } from '../value';
import { apply } from './apply';
import type { State } from './connection';
import type { Message } from './messages';
import { news } from './news';
import { refresh } from './refresh';
import { share } from './shared';

/** Without a stream everything that is on screen is asked for again, every so often. */
const POLL_EVERY = 10_000;
/** A greeting is on its way for less than this. */
const HELLO_IS_EXACT_TO = 2_000;

type Listener = (messages: Message[]) => void;

const state = value<State>('connecting');
const listeners = new Set<Listener>();

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
export function useStream(who: Me | undefined): void {
  // Another session is another stream, be it of the same person: nothing of the one is for the other.
  const whose = who ? `${who.user.id}.${who.session}` : undefined;
  useEffect(() => {
    if (whose === undefined) return;
    let end = new AbortController();
    const begin = () => share(whose, { take, turn: state.set }, end.signal);
    const leave = () => end.abort();
    // A page that the browser keeps to come back to takes no part; then it has missed something.
    const comeBack = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) return;
      end = new AbortController();
      begin();
      void refresh(queryClient);
    };
    const poll = () => {
      if (state.get() === 'live' || document.hidden) return;
      // Not what is still on its way: a server that takes longer would never come to an end.
      void queryClient.invalidateQueries({}, { cancelRefetch: false });
    };
    begin();
    window.addEventListener('pagehide', leave);
    window.addEventListener('pageshow', comeBack);
    document.addEventListener('visibilitychange', poll);
    const polling = setInterval(poll, POLL_EVERY);
    const ignore = onSessionElsewhere(() => void lookWhoIsHere());
    return () => {
      ignore();
      clearInterval(polling);
      document.removeEventListener('visibilitychange', poll);
      window.removeEventListener('pageshow', comeBack);
      window.removeEventListener('pagehide', leave);
      leave();
      state.set('connecting');
      news.clear();
    };
  }, [whose]);
}

/** Someone came in or left in another tab. If it is not who was here, nothing that is on screen is for them. */
async function lookWhoIsHere(): Promise<void> {
  const before = queryClient.getQueryData(me.queryKey)?.user.id;
  // If it is nobody, the answer ends the session here as well.
  const found = await queryClient.fetchQuery({ ...me, staleTime: 0 }).catch(() => undefined);
  if (found && found.user.id !== before) await queryClient.resetQueries();
}

/** How the stream is. */
export const useStreamState = state.use;

/** Calls `listener` with what the stream tells. It has to stay the same from one rendering to the next. */
export function useMessages(listener: Listener): void {
  useEffect(() => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, [listener]);
}
