/** Long lists: some of them at first, and more when they are asked for, so that none takes the page's time. */

import { type ReactNode, useState } from 'react';
import { Button } from '../../ui/controls';
import { whole } from '../../ui/format';

/** Shown when asked for, each time. */
const STEP = 200;

/** The first `first` of `items`, and a button for more. */
export function useMore<T>(items: readonly T[], first: number, what: string): { shown: readonly T[]; more: ReactNode } {
  const [count, setCount] = useState(first);
  const left = items.length - count;
  const step = Math.min(left, STEP);
  return {
    shown: left > 0 ? items.slice(0, count) : items,
    more:
      left > 0 ? (
        <Button look="quiet" onPress={() => setCount(count + STEP)}>
          {step === left ? `Show all ${whole(items.length)} ${what}` : `Show ${whole(step)} more ${what}`}
        </Button>
      ) : null,
  };
}

/** Something that is opened when it is asked for, and not made before. */
export function Fold({ title, isOpen = false, children }: { title: ReactNode; isOpen?: boolean; children: ReactNode }) {
  const [wasOpened, setOpened] = useState(isOpen);
  return (
    <details
      open={isOpen}
      onToggle={(event) => {
        if (event.currentTarget.open) setOpened(true);
      }}
    >
      <summary>{title}</summary>
      {wasOpened && children}
    </details>
  );
}
