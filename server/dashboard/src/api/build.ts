/** Whether this tab still is what the server serves: after an upgrade it is not, and what it has not loaded may be gone. */

import { value } from '../value';

const own = document.querySelector<HTMLMetaElement>('meta[name=faultwire-build]')?.content ?? '';
const isStale = value(false);

/** Takes what the server says of its pages. */
export function observeBuild(build: string | null | undefined): void {
  // Pages that are served by Vite, as they are written, have no build.
  if (!build || own === '' || own === '__BUILD__' || build === own) return;
  isStale.set(true);
}

/** Whether the server has other pages by now. */
export const useIsStale = isStale.use;

const LAST_RELOAD = 'faultwire.reloaded';
/** A page that cannot be loaded even so is not loaded over and over. */
const RELOAD_AT_MOST_EVERY = 30_000;
/** What came of a part that did not arrive: its error, and whether the page is about to be loaded anew because of it. */
const lost = value<{ error: unknown; isReloading: boolean } | undefined>(undefined);

/** A part of an older build is gone from the server: the page is loaded anew, once. */
export function reloadWhenPartsAreLost(): void {
  window.addEventListener('vite:preloadError', ({ payload: error }) => {
    if (lost.get()?.isReloading) return;
    const last = Number(sessionStorage.getItem(LAST_RELOAD) ?? 0);
    const isReloading = Math.abs(Date.now() - last) >= RELOAD_AT_MOST_EVERY;
    lost.set({ error, isReloading });
    if (!isReloading) return;
    void isThere().then((is) => {
      if (!is) return lost.set({ error, isReloading: false });
      sessionStorage.setItem(LAST_RELOAD, String(Date.now()));
      // By now the address is that of the page that was wanted.
      window.location.reload();
    });
  });
}

/** Of a server that is away, nothing would be left after a reload. */
function isThere(): Promise<boolean> {
  return fetch(document.baseURI, { method: 'HEAD', cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Which error it was that a part did not arrive by, if one did not. */
export const useLostPart = lost.use;
