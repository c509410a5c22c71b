/** What happened before the error, the last first. */

import { moment } from '../../ui/format';
import { useMore } from './more';
import styles from './occurrence.module.css';
import type { Crumb, Occurred } from './parts';
import { Section, Text, Value } from './value';

/** Breadcrumbs that are shown at first. */
const FIRST = 20;

/** How long before the error: `−1.24 s`. */
function before(time: number, error: number): string {
  const seconds = (time - error) / 1000;
  const size = Math.abs(seconds);
  const sign = seconds > 0.0005 ? '+' : '−';
  if (size < 60) return `${sign}${size.toFixed(size < 10 ? 2 : 1)} s`;
  if (size < 3600) return `${sign}${Math.floor(size / 60)} min ${Math.round(size % 60)} s`;
  if (size < 172_800) return `${sign}${Math.floor(size / 3600)} h ${Math.round((size % 3600) / 60)} min`;
  return `${sign}${Math.floor(size / 86_400)} d`;
}

export function Crumbs({ of }: { of: Occurred }) {
  const { crumbs, crumbsTotal, time } = of;
  const { shown, more } = useMore(crumbs, FIRST, 'breadcrumbs');
  if (crumbs.length === 0) return null;
  const left = crumbsTotal - crumbs.length;
  return (
    <Section title="Breadcrumbs" aside={<span className="muted">what happened before, the last first</span>}>
      <ol className={styles['crumbs']}>
        {shown.map((crumb, index) => (
          <CrumbView key={index} of={crumb} error={time} />
        ))}
      </ol>
      {more}
      {left > 0 && (
        <p className="muted">
          {left} of {crumbsTotal} left out.
        </p>
      )}
    </Section>
  );
}

const BAD = new Set(['error', 'fatal', 'critical', 'warning']);

function CrumbView({ of, error }: { of: Crumb; error: number | undefined }) {
  const { time, type, category, level, message, data } = of;
  return (
    <li className={styles['crumb']}>
      <span className={styles['crumbTime']} title={time === undefined ? '' : moment(time)}>
        {time === undefined ? '' : error === undefined ? moment(time) : before(time, error)}
      </span>
      <span className={styles['crumbKind']}>
        <span>{category || type || 'default'}</span>
        {BAD.has(level) && <b className={styles[level === 'warning' ? 'warning' : 'bad']}>{level}</b>}
      </span>
      <span className={styles['crumbText']}>
        {message && <Text of={message} />}
        {data.length > 0 && <Value of={Object.fromEntries(data)} />}
      </span>
    </li>
  );
}
