/** Whether this tab still is what the server serves: after an upgrade it is not. */

import { useSyncExternalStore } from 'react';

const own = document.querySelector<HTMLMetaElement>('meta[name=faultwire-build]')?.content ?? '';
let isStale = false;
const listeners = new Set<() => void>();

/** Takes what the server says of its pages. */
export function observeBuild(build: string | null | undefined): void {
  // Pages that are served by Vite, as they are written, have no build.
  if (!build || own === '' || own === '__BUILD__' || build === own || isStale) return;
  isStale = true;
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Whether the server has other pages by now. */
export function useIsStale(): boolean {
  return useSyncExternalStore(subscribe, () => isStale);
}

const LAST_RELOAD = 'faultwire.reloaded';
/** A page that cannot be loaded even so is not loaded over and over. */
const RELOAD_AT_MOST_EVERY = 30_000;

/** A part of an older build is gone from the server: the page is loaded anew, once. */
export function reloadWhenPartsAreLost(): void {
  window.addEventListener('vite:preloadError', (event) => {
    const last = Number(sessionStorage.getItem(LAST_RELOAD) ?? 0);
    if (Date.now() - last < RELOAD_AT_MOST_EVERY) return;
    event.preventDefault();
    sessionStorage.setItem(LAST_RELOAD, String(Date.now()));
    window.location.reload();
  });
}
