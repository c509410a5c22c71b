import { useEffect, useRef } from 'react';
import { useLocation, useNavigationType } from 'react-router';

/** A page whose heading comes with its data has it within this, in milliseconds. */
const HEADING_WITHIN = 5_000;

/**
 * Another page begins at its top, and who goes by keyboard or listens is taken to its heading. The first page takes
 * nobody's focus, and a tab within a page keeps it: what was pressed is still there.
 */
export function useArrival(): void {
  const { pathname } = useLocation();
  const type = useNavigationType();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    // Back and forward are the browser's, which knows where the page was.
    if (type !== 'POP') window.scrollTo(0, 0);
    const main = document.getElementById('main');
    if (!main || main.contains(document.activeElement)) return;
    const takeThere = () => {
      const heading = main.querySelector('h1') ?? main;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    };
    takeThere();
    // A heading that gives way to another one takes the focus with it.
    const watch = new MutationObserver(() => {
      if (document.activeElement === document.body) takeThere();
    });
    watch.observe(main, { childList: true, subtree: true });
    const timer = setTimeout(() => watch.disconnect(), HEADING_WITHIN);
    return () => {
      clearTimeout(timer);
      watch.disconnect();
    };
  }, [pathname, type]);
}
