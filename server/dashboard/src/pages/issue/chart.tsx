/** When it occurred, hour by hour. What draws it is loaded when the page stands. */

import { useEffect, useMemo, useRef } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Issue, IssueDetails } from '../../api/schema';
import { now } from '../../clock';
import { compact, plural } from '../../ui/format';
import styles from './chart.module.css';
import type { Drawing, Mark } from './plot';

const HOUR = 3_600_000;
const RANGES = { '24h': 24, '14d': 336 } as const;
type Range = keyof typeof RANGES;
const SAID: Record<Range, string> = { '24h': 'the last 24 hours', '14d': 'the last 14 days' };

const time = new Intl.DateTimeFormat('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit' });

/** The one that is asked for; else the shorter one, unless nothing happened in it. */
function useRange(issue: Issue): Range {
  const [params] = useSearchParams();
  const asked = params.get('range');
  if (asked === '24h' || asked === '14d') return asked;
  return now() - issue.last_seen < 24 * HOUR ? '24h' : '14d';
}

/** Counts of `hours` hours up to now, also of those in which nothing was. */
function series(details: IssueDetails, hours: number): { starts: number[]; counts: number[] } {
  const last = Math.floor(now() / HOUR) * HOUR;
  const counted = new Map(details.hours.map(({ hour, estimated }) => [hour, Math.round(estimated)]));
  const starts = Array.from({ length: hours }, (_, index) => last - (hours - 1 - index) * HOUR);
  return { starts, counts: starts.map((start) => counted.get(start) ?? 0) };
}

/** When each release was first seen with this issue. */
function marks(details: IssueDetails, from: number): Mark[] {
  const first = new Map<string, number>();
  for (const { release, first_seen } of details.seen_in) {
    if (release !== '') first.set(release, Math.min(first.get(release) ?? Number.POSITIVE_INFINITY, first_seen));
  }
  return [...first]
    .map(([release, at]) => ({ release, at }))
    .filter(({ at }) => at >= from)
    .sort((a, b) => a.at - b.at);
}

export function Chart({ issue, details }: { issue: Issue; details: IssueDetails }) {
  const range = useRange(issue);
  const [params] = useSearchParams();
  const to = (wanted: Range) => {
    const next = new URLSearchParams(params);
    next.set('range', wanted);
    return `?${next}`;
  };
  const drawn = useMemo(() => {
    const { starts, counts } = series(details, RANGES[range]);
    return { starts, counts, marks: marks(details, starts[0] ?? 0) };
  }, [details, range]);
  const sum = drawn.counts.reduce((total, count) => total + count, 0);
  const most = Math.max(...drawn.counts);
  const peak = drawn.starts[drawn.counts.indexOf(most)] ?? 0;
  return (
    <figure className={styles['figure']}>
      <figcaption className={styles['caption']}>
        <span>
          <b>{compact(sum)}</b> <span className="muted">in {SAID[range]}</span>
          <span className="hidden-text">
            {sum > 0 && `. Most in the hour from ${time.format(peak)}: ${compact(most)}.`}
            {drawn.marks.map(({ release, at }) => ` Release ${release} first seen ${time.format(at)}.`).join('')}
          </span>
        </span>
        <nav className={styles['ranges']} aria-label="Range of the chart">
          {(Object.keys(RANGES) as Range[]).map((one) => (
            <Link
              key={one}
              to={to(one)}
              preventScrollReset
              replace
              aria-label={SAID[one]}
              {...(one === range ? { 'aria-current': 'true' as const } : {})}
            >
              {one === '24h' ? '24 h' : '14 d'}
            </Link>
          ))}
        </nav>
      </figcaption>
      <Plot of={drawn} />
      {drawn.marks.length > 0 && (
        <p className={styles['marks']}>
          <span aria-hidden="true">┆</span> {plural(drawn.marks.length, 'release')} first seen:{' '}
          {drawn.marks
            .slice(0, 4)
            .map(({ release }) => release)
            .join(', ')}
          {drawn.marks.length > 4 && ', …'}
        </p>
      )}
    </figure>
  );
}

function Plot({ of }: { of: Drawing }) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(of);
  const shown = useRef<{ show: (drawing: Drawing) => void } | undefined>(undefined);
  useEffect(() => {
    latest.current = of;
    shown.current?.show(of);
  }, [of]);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let isOver = false;
    let end: (() => void) | undefined;
    void import('./plot')
      .then(({ plot }) => {
        if (isOver) return;
        const made = plot(element, latest.current);
        shown.current = made;
        end = made.end;
      })
      // The words above it say the same.
      .catch(() => undefined);
    return () => {
      isOver = true;
      shown.current = undefined;
      end?.();
    };
  }, []);
  return <div ref={place} className={styles['plot']} aria-hidden="true" />;
}
