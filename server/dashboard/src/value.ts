/** Something of the whole tab that pages follow: they are shown again when it changes. */

import { useSyncExternalStore } from 'react';

export interface Value<T> {
  get(): T;
  set(next: T): void;
  /** The same as `get`, for what is rendered. */
  use(): T;
}

export function value<T>(first: T): Value<T> {
  let current = first;
  const listeners = new Set<() => void>();
  const subscribe = (tell: () => void) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  };
  const get = () => current;
  return {
    get,
    set(next) {
      if (Object.is(next, current)) return;
      current = next;
      for (const tell of listeners) tell();
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}
