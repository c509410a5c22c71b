import { useSyncExternalStore } from 'react';

/** Rows of one height are placed without being measured. In rem, as `grid.module.css` has it. */
const WIDE = 3.75;
const NARROW = 5.4;
/** Where the list becomes compact, as `grid.module.css` has it. */
const query = window.matchMedia('(max-width: 40rem)');

function subscribe(tell: () => void): () => void {
  query.addEventListener('change', tell);
  return () => query.removeEventListener('change', tell);
}

/** The size of letters does not change while the page is open. */
const REM = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

/** The height of a row, in pixels. */
export function useRowHeight(): number {
  const isNarrow = useSyncExternalStore(subscribe, () => query.matches);
  return Math.round((isNarrow ? NARROW : WIDE) * REM);
}
