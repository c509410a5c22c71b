/** Short words about what was just done, at the edge of the page. They are read out as well. */

import { useSyncExternalStore } from 'react';
import { problem } from '../api/problem';
import { Button } from './controls';
import styles from './notices.module.css';

interface Notice {
  number: number;
  text: string;
  isBad: boolean;
}

/** Long enough to be read. What went wrong stays until it is taken away. */
const LASTS = 6_000;

let notices: readonly Notice[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Notice[]): void {
  notices = next;
  for (const tell of listeners) tell();
}

function remove(number: number): void {
  set(notices.filter((notice) => notice.number !== number));
}

/** Says that something was done. */
export function say(text: string): void {
  last += 1;
  const number = last;
  set([...notices.slice(-2), { number, text, isBad: false }]);
  setTimeout(() => remove(number), LASTS);
}

/** Says that something went wrong. */
export function sayProblem(error: unknown): void {
  last += 1;
  const text = problem(error).message;
  set([...notices.slice(-2), { number: last, text: text.charAt(0).toUpperCase() + text.slice(1), isBad: true }]);
}

/** Where they stand. Once, in the shell. */
export function Notices() {
  const subscribe = (tell: () => void) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  };
  const shown = useSyncExternalStore(subscribe, () => notices);
  return (
    <section className={styles['notices']} aria-live="polite" aria-label="What was just done">
      {shown.map(({ number, text, isBad }) => (
        <div key={number} className={isBad ? styles['bad'] : styles['notice']}>
          <span>{text}</span>
          <Button look="quiet" isIcon aria-label="Take away" onPress={() => remove(number)}>
            ×
          </Button>
        </div>
      ))}
    </section>
  );
}
