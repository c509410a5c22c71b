/** Keys of the page: for those who go through many issues. */

import { useEffect, useRef } from 'react';

export const KEYS = [
  { key: 'e', name: 'Resolve', isChange: true },
  { key: 'a', name: 'Acknowledge', isChange: true },
  { key: 'i', name: 'Ignore for good', isChange: true },
  { key: 'j', name: 'Older occurrence', isChange: false },
  { key: 'k', name: 'Newer occurrence', isChange: false },
  { key: '?', name: 'These keys', isChange: false },
] as const;

type Key = (typeof KEYS)[number]['key'];

/** Where keys are text, or move in a list of choices. */
const TAKES_KEYS = 'input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox]';

/** Does something when a key is pressed, unless it is pressed into something. */
export function useKeys(does: Partial<Record<Key, () => void>>): void {
  const latest = useRef(does);
  useEffect(() => {
    latest.current = does;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(TAKES_KEYS)) return;
      // Behind an open dialog nothing is done.
      if (document.querySelector('[role=dialog]')) return;
      const act = latest.current[event.key as Key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}
