import { useLayoutEffect, useRef } from 'react';

/** Keys of the page, each with what it does. */
export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Takes keys wherever the focus is, but not where they are typed, nor in front of an open window or list. */
export function useKeys(keys: KeyMap): void {
  const latest = useRef(keys);
  latest.current = keys;
  // As soon as there is something to see.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      const on = event.target as HTMLElement;
      if (on.closest('textarea, select, [role=dialog], [role=menu], [role=listbox], [contenteditable]')) return;
      if (on instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(on.type)) return;
      if (document.querySelector('[role=dialog], [role=menu]')) return;
      const name = event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key;
      const act = latest.current[name];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
