/**
 * The rows, as many as are on screen, in a grid that is walked by keyboard.
 *
 * One row takes the focus; the others are reached from it by arrows or j and k. It stays in the page when it is scrolled
 * away, so that the keyboard is never lost.
 */

import { type Range, defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useHref, useNavigate } from 'react-router';
import type { Issue } from '../../api/schema';
import { useNews } from '../../live/news';
import styles from './grid.module.css';
import { GridRow } from './grid-row';
import { linkTo } from './row';
import { useActivity } from './use-activity';
import { useRowHeight } from './use-row-height';
import type { Selection } from './use-selection';

/** Rows beyond the screen that are there already. */
const OVERSCAN = 6;
/** So many rows before the end what is below is asked for. */
const AHEAD = 60;
/** Rows whose hours are asked for together. */
const BLOCK = 100;
/** Rows that Page up and Page down go over. */
const LEAP = 10;

/** What the page asks of the grid. */
export interface GridHandle {
  /** The issue that the keyboard is at. */
  current(): Issue | undefined;
  /** Puts the keyboard so many rows further. */
  step(by: number): void;
}

export function Grid({
  project,
  items,
  label,
  total,
  head,
  selection,
  mayAct,
  handle,
  onNearEnd,
}: {
  project: number;
  items: readonly Issue[];
  label: string;
  /** How many there are, with those that are not loaded; -1 if nobody knows. */
  total: number;
  head: ReactNode;
  selection: Selection;
  mayAct: boolean;
  handle: RefObject<GridHandle | null>;
  onNearEnd: () => void;
}) {
  const navigate = useNavigate();
  const news = useNews();
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [focused, setFocused] = useState<{ id: number; index: number } | undefined>();
  const hasFocus = useRef(false);
  const wantsFocus = useRef(false);
  const height = useRowHeight();
  const latest = useRef(items);
  latest.current = items;
  const { toggle } = selection;
  const base = useHref(`/projects/${project}/issues`);
  const onOpen = useCallback((issue: Issue) => void navigate(linkTo(issue)), [navigate]);
  const onToggle = useCallback((issue: Issue, isRange: boolean) => toggle(issue, latest.current, isRange), [toggle]);

  useLayoutEffect(() => {
    const measure = () => setMargin((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    // What stands above comes and goes.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  const found = focused ? items.findIndex((item) => item.id === focused.id) : -1;
  // Where the row has gone, the one that took its place has the keyboard.
  const at = found >= 0 ? found : Math.min(focused?.index ?? 0, items.length - 1);

  const virtualizer = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: margin,
    scrollPaddingStart: 110,
    scrollPaddingEnd: 16,
    getItemKey: (index) => items[index]?.id ?? index,
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        if (at < 0 || at >= range.count || shown.includes(at)) return shown;
        return [...shown, at].sort((a, b) => a - b);
      },
      [at],
    ),
  });
  // Rows have been placed by their height before.
  useLayoutEffect(() => virtualizer.measure(), [height]);

  const shown = virtualizer.getVirtualItems();
  const first = virtualizer.range?.startIndex ?? 0;
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    if (last >= items.length - AHEAD) onNearEnd();
  }, [last, items.length, onNearEnd]);

  const block = Math.floor(first / BLOCK) * BLOCK;
  const activity = useActivity(project, items.slice(block, last < block + BLOCK ? block + BLOCK : block + 2 * BLOCK));

  const put = (index: number) => {
    const next = Math.max(0, Math.min(items.length - 1, index));
    const issue = items[next];
    if (!issue) return;
    wantsFocus.current = true;
    setFocused({ id: issue.id, index: next });
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  // The keyboard follows; what it was at may be gone from the page.
  useLayoutEffect(() => {
    const issue = items[at];
    if (!issue || !(wantsFocus.current || (hasFocus.current && found < 0))) return;
    wantsFocus.current = false;
    if (found < 0) setFocused({ id: issue.id, index: at });
    body.current?.querySelector<HTMLElement>(`[data-issue="${issue.id}"]`)?.focus({ preventScroll: true });
  });

  useLayoutEffect(() => {
    handle.current = {
      current: () => (focused ? items[at] : undefined),
      step: (by) => put(focused ? at + by : 0),
    };
  });

  const onKeyDown = (event: React.KeyboardEvent) => {
    // Of a box or a link in a row only what it does not take itself.
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + LEAP,
      PageUp: at - LEAP,
      Home: 0,
      End: items.length - 1,
    };
    const to = steps[event.key];
    const issue = items[at];
    if (to !== undefined) {
      event.preventDefault();
      put(to);
      const next = items[Math.max(0, Math.min(items.length - 1, to))];
      if (event.shiftKey && mayAct && next && !selection.selected.has(next.id)) toggle(next, items, true);
    } else if (event.key === 'Enter' && issue) {
      event.preventDefault();
      onOpen(issue);
    } else if ((event.key === ' ' || event.key === 'x' || event.key === 'X') && issue && mayAct) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      toggle(issue, items, event.shiftKey);
    }
  };

  return (
    <div className={styles['grid']} data-may-act={mayAct || undefined}>
      {head}
      {/* biome-ignore lint/a11y/useSemanticElements: only a part of the rows is in the page: a table has no words for it. */}
      <div
        ref={body}
        role="grid"
        aria-label={label}
        aria-rowcount={total}
        aria-multiselectable={mayAct}
        className={styles['body']}
        style={{ height: virtualizer.getTotalSize() }}
        onKeyDown={onKeyDown}
        onFocus={() => {
          hasFocus.current = true;
        }}
        onBlur={(event) => {
          // What is taken out of the page says that it goes nowhere, and is there no more.
          if (event.target.isConnected && !event.currentTarget.contains(event.relatedTarget)) hasFocus.current = false;
        }}
      >
        {shown.map(({ index, start, key }) => {
          const issue = items[index];
          if (!issue) return null;
          return (
            <GridRow
              key={key}
              issue={issue}
              index={index}
              start={start - margin}
              height={height}
              event={news.get(issue.id)}
              hours={activity.get(issue.id)?.hours}
              isSelected={selection.selected.has(issue.id)}
              isCurrent={index === Math.max(0, at)}
              mayAct={mayAct}
              href={`${base}/${issue.id}`}
              onFocus={setFocused}
              onOpen={onOpen}
              onToggle={onToggle}
            />
          );
        })}
      </div>
    </div>
  );
}
