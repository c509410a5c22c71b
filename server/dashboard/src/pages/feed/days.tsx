/** Lines by the day on which they happened, in the zone of who looks. */

import { memo } from 'react';
import { Link } from 'react-router';
import type { Line } from '../../api/schema';
import { now } from '../../clock';
import { happening, happeningName, reason } from '../../live/words';
import { date } from '../../ui/format';
import { Time } from '../../ui/show';
import styles from './feed.module.css';

const DAY = 86_400_000;

function dayName(day: string): string {
  if (day === date(now())) return 'Today';
  return day === date(now() - DAY) ? 'Yesterday' : day;
}

function byDay(lines: readonly Line[]): { day: string; lines: Line[] }[] {
  const days: { day: string; lines: Line[] }[] = [];
  for (const line of lines) {
    const day = date(line.time);
    const last = days.at(-1);
    if (last?.day === day) last.lines.push(line);
    else days.push({ day, lines: [line] });
  }
  return days;
}

/** Days with their lines, the newest first. Those that came after the line `openedAt` are shown to be new. */
export const Days = memo(function Days({
  project,
  lines,
  openedAt,
}: {
  project: number;
  lines: readonly Line[];
  openedAt: number;
}) {
  return byDay(lines).map(({ day, lines: ofDay }) => (
    // Lines are in the order in which they were written: if the clock went back meanwhile, a day comes twice.
    <section key={`${day} ${ofDay.at(-1)?.number}`} aria-label={dayName(day)}>
      <h2 className={styles['day']}>{dayName(day)}</h2>
      <ol className={styles['lines']}>
        {ofDay.map((line) => (
          <OneLine key={line.number} project={project} line={line} isFresh={line.number > openedAt} />
        ))}
      </ol>
    </section>
  ));
});

const OneLine = memo(function OneLine({ project, line, isFresh }: { project: number; line: Line; isFresh: boolean }) {
  const { number, issue, time, event, who, detail, title, culprit } = line;
  const why = reason(detail);
  return (
    <li className={styles['line']} data-number={number} data-fresh={isFresh || undefined}>
      <span className={styles['event']} data-event={event}>
        {happeningName(event)}
      </span>
      <div className={styles['what']}>
        {issue === 0 ? (
          <Link to={`/projects/${project}/settings`} className={styles['title']}>
            The project's settings
          </Link>
        ) : title === null ? (
          <span className={styles['title']}>An issue that is gone</span>
        ) : (
          <Link to={`/projects/${project}/issues/${issue}`} className={`clip ${styles['title']}`} title={title}>
            {title}
          </Link>
        )}
        <p className={styles['words']}>
          {happening(event, detail, who)}
          {why && `: ${why}`}
          {culprit && <span className="mono">{culprit}</span>}
        </p>
      </div>
      <Time at={time} className={styles['time'] ?? ''} />
    </li>
  );
});
