/** When it occurred, hour by hour, and when which release was first seen with it. */

import { useMemo } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Issue, IssueDetails } from '../../api/schema';
import { now } from '../../clock';
import { type Mark, Chart as Plot } from '../../ui/chart';
import { compact, plural, whole } from '../../ui/format';
import styles from './chart.module.css';

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
    .map(([label, time]) => ({ label, time }))
    .filter((mark) => mark.time >= from)
    .sort((a, b) => a.time - b.time);
}

/** Releases that are named in the drawing: names beside each other are none that can be read. */
const NAMED = 3;

export function Chart({ issue, details }: { issue: Issue; details: IssueDetails }) {
  const range = useRange(issue);
  const [params] = useSearchParams();
  const to = (wanted: Range) => {
    const next = new URLSearchParams(params);
    next.set('range', wanted);
    return `?${next}`;
  };
  const { starts, counts, releases, rows } = useMemo(() => {
    const { starts, counts } = series(details, RANGES[range]);
    const rows = [{ name: 'events', values: counts, colour: '--muted' as const }];
    return { starts, counts, releases: marks(details, starts[0] ?? 0), rows };
  }, [details, range]);
  const named = useMemo(
    () => releases.map((mark, index) => (index < releases.length - NAMED ? { ...mark, label: '' } : mark)),
    [releases],
  );
  const sum = counts.reduce((total, count) => total + count, 0);
  const most = Math.max(...counts);
  const peak = starts[counts.indexOf(most)] ?? 0;
  return (
    <section className={styles['figure']} aria-label="When it occurred">
      <div className={styles['caption']}>
        <span>
          <b>{compact(sum)}</b> <span className="muted">in {SAID[range]}</span>
          {releases.length > 0 && (
            <span className="muted">, {plural(releases.length, 'release')} first seen with it</span>
          )}
        </span>
        <nav className={styles['ranges']} aria-label="Range of the chart">
          {(Object.keys(RANGES) as Range[]).map((one) => (
            <Link
              key={one}
              to={to(one)}
              preventScrollReset
              replace
              {...(one === range ? { 'aria-current': 'true' as const } : {})}
            >
              {one === '24h' ? '24 h' : '14 d'}
            </Link>
          ))}
        </nav>
      </div>
      <Plot
        times={starts}
        series={rows}
        marks={named}
        label={`Events in ${SAID[range]}, by the hour`}
        summary={
          sum === 0
            ? `Nothing in ${SAID[range]}.`
            : `${plural(sum, 'event')} in ${SAID[range]}, most in the hour from ${time.format(peak)}: ${whole(most)}.`
        }
        height={150}
      />
    </section>
  );
}
