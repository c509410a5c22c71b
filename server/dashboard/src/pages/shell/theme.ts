/** Light or dark: the machine's preference, until someone chooses. `public/theme.js` sets it before the first paint. */

import { useSyncExternalStore } from 'react';

const KEY = 'faultwire.theme';

export type Theme = 'system' | 'light' | 'dark';

/** What can be chosen. */
export const THEMES: readonly { id: Theme; name: string }[] = [
  { id: 'system', name: 'As this machine' },
  { id: 'light', name: 'Light' },
  { id: 'dark', name: 'Dark' },
];

const listeners = new Set<() => void>();

/** What was chosen. */
function theme(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

/** Chooses one, for this browser. */
export function setTheme(chosen: Theme): void {
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
  try {
    if (chosen === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // For as long as the page is open.
  }
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** What was chosen, as it is now. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}
