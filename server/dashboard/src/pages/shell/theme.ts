/** Light or dark: the machine's preference, until someone chooses. `public/theme.js` sets it before the first paint. */

const KEY = 'faultwire.theme';

export type Theme = 'light' | 'dark';

/** The theme that is shown. */
export function theme(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Chooses one, for this browser. */
export function setTheme(chosen: Theme): void {
  document.documentElement.dataset['theme'] = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // For as long as the page is open.
  }
}
