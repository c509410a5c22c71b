/** What pages show again and again: times, numbers, how bad it is, where it stands. */

import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import type { Issue, Severity as SeverityName, Status as StatusOf } from '../api/schema';
import { now } from '../clock';
import { Button } from './controls';
import { compact, moment, relative, whole } from './format';
import styles from './show.module.css';

/** Ages on screen go on by this step, all at once. */
const TICK = 10_000;
let ticks = 0;
const tickers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribe(tell: () => void): () => void {
  tickers.add(tell);
  if (tickers.size === 1) {
    ticking = setInterval(() => {
      ticks += 1;
      for (const each of tickers) each();
    }, TICK);
  }
  return () => {
    tickers.delete(tell);
    if (tickers.size === 0) clearInterval(ticking);
  };
}

/** How long ago; the exact moment on hover and for who listens. */
export function Time({ at, className }: { at: number; className?: string }) {
  useSyncExternalStore(subscribe, () => ticks);
  const date = new Date(at);
  return (
    <time
      className={`${styles['time']} ${className ?? ''}`}
      dateTime={Number.isNaN(date.getTime()) ? '' : date.toISOString()}
      title={moment(at)}
    >
      {relative(at, now())}
    </time>
  );
}

/** A count: short, exact on hover. */
export function Count({ value, title }: { value: number; title?: string }) {
  return (
    <span className="number" title={title ?? whole(value)}>
      {compact(value)}
    </span>
  );
}

/** How urgent. */
export function Severity({ of }: { of: SeverityName }) {
  return <span className={`${styles['badge']} ${styles[of]}`}>{of}</span>;
}

const STATUS: Record<StatusOf['status'], string> = {
  unresolved: 'open',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  regressed: 'regressed',
  ignored: 'ignored',
};

/** What a status is called. */
export function statusName(status: StatusOf['status']): string {
  return STATUS[status];
}

/** Until when, or from when on, in words. */
export function statusDetail(status: StatusOf): string {
  if (status.status === 'resolved') {
    const { resolved } = status;
    if (resolved.in === 'release') return `in ${resolved.release}`;
    if (resolved.in === 'after_release') return resolved.release ? `after ${resolved.release}` : 'in the first release';
    return resolved.in === 'quiet' ? 'as it was quiet' : '';
  }
  if (status.status === 'ignored') {
    const { ignored } = status;
    if (ignored.until === 'after_release') return ignored.value ? `until after ${ignored.value}` : 'until a release';
    if (ignored.until === 'count') return `until ${whole(ignored.value)} occurrences`;
    if (ignored.until === 'time') return `until ${new Date(ignored.value).toLocaleString('en-GB')}`;
  }
  return '';
}

/** Where it stands. */
export function Status({ of, hasDetail }: { of: Issue['status']; hasDetail?: boolean }) {
  const detail = statusDetail(of);
  return (
    <span className={`${styles['status']} ${styles[of.status] ?? ''}`} title={detail}>
      {STATUS[of.status]}
      {hasDetail && detail && ` ${detail}`}
    </span>
  );
}

/** How often, hour by hour: the last bar is the current hour. */
export function Sparkline({ hours, label }: { hours: readonly number[]; label: string }) {
  const width = 96;
  const height = 24;
  const most = Math.max(1, ...hours);
  const step = width / Math.max(1, hours.length);
  const bar = Math.max(1, step - 1);
  // One shape for all bars: a list shows hundreds.
  const bars = hours.map((count, index) =>
    count === 0 ? '' : `M${index * step} ${height}h${bar}v${-Math.max(2, (count / most) * height)}h${-bar}z`,
  );
  return (
    <svg className={styles['spark']} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img">
      <title>{label}</title>
      <rect x="0" y={height - 1} width={width} height="1" fill="currentColor" opacity="0.35" />
      <path d={bars.join('')} fill="currentColor" />
    </svg>
  );
}

/** Text to be taken elsewhere. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Not over plain http: then it is selected by hand.
    }
  };
  return (
    <div className={styles['copy']}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard. */}
      {/* biome-ignore lint/a11y/useSemanticElements: a section would not keep lines and spaces. */}
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <Button look="quiet" onPress={() => void copy()} aria-label={`Copy ${label}`}>
        <span aria-live="polite">{isCopied ? 'Copied' : 'Copy'}</span>
      </Button>
    </div>
  );
}

/** Names and what they are. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={styles['facts']}>{children}</dl>;
}

/** One of them. */
export function Fact({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/**
 * Rows of a few columns. Wider than the page, it scrolls by itself; stacked, a row's cells stand under each other on a
 * phone instead, each behind its `data-label`, if it does not tell by itself what it is.
 */
export function Table({
  label,
  head,
  isStacked,
  children,
}: {
  label: string;
  head: ReactNode;
  isStacked?: boolean;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section className={styles['scroll']} tabIndex={0} aria-label={label}>
      <table className={`${styles['table']} ${isStacked ? styles['stacked'] : ''}`}>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

/** How far long work is. */
export function Progress({ label, done, total }: { label: string; done: number; total: number }) {
  const part = total > 0 ? Math.min(1, done / total) : 0;
  return (
    <div className={styles['progress']}>
      <div aria-live="polite">
        {label}: {whole(done)} of {whole(total)}
      </div>
      <div
        className={styles['bar']}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
      >
        <div style={{ width: `${part * 100}%` }} />
      </div>
    </div>
  );
}

/** Something that stands for itself. */
export function Panel({ title, children }: { title?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles['panel']}>
      {title && <h2>{title}</h2>}
      {children}
    </section>
  );
}
