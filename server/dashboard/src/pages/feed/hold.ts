/** Who reads further down, or has paused, is not pushed away by what comes: it waits above. */

import { useEffect, useState } from 'react';
import type { Line } from '../../api/schema';

/** Scrolled by so much, the first lines are out of sight. */
const AT_TOP = 120;

/** Whether the page is scrolled down. */
export function useIsDown(): boolean {
  const [isDown, setDown] = useState(() => window.scrollY > AT_TOP);
  useEffect(() => {
    const look = () => setDown(window.scrollY > AT_TOP);
    window.addEventListener('scroll', look, { passive: true });
    return () => window.removeEventListener('scroll', look);
  }, []);
  return isDown;
}

interface Held {
  shown: readonly Line[];
  /** How many wait. */
  waiting: number;
  /** Shows those that wait. */
  release: () => void;
}

/** The lines as they were when holding began, while it lasts; else as they are. */
export function useHold(lines: readonly Line[], isHolding: boolean): Held {
  const [held, setHeld] = useState<readonly Line[]>();
  if (isHolding && held === undefined) setHeld(lines);
  if (!isHolding && held !== undefined) setHeld(undefined);
  const shown = (isHolding ? held : undefined) ?? lines;
  const top = shown[0]?.number ?? 0;
  const waiting = lines.findIndex(({ number }) => number <= top);
  return { shown, waiting: waiting < 0 ? lines.length : waiting, release: () => setHeld(lines) };
}
