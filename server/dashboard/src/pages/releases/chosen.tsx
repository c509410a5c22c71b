/** How the sessions of the chosen release end, hour by hour, and what is new in it; of all releases until one is chosen. */

import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { ReleaseRow, SessionHour } from '../../api/schema';
import { now } from '../../clock';
import { Chart, type Mark } from '../../ui/chart';
import { ButtonLink, Select } from '../../ui/controls';
import { percent, plural, whole } from '../../ui/format';
import { Failure, Loading } from '../../ui/page';
import { Panel, Severity, Status, Time } from '../../ui/show';
import { newIn, sessions } from './queries';
import { CrashFree, issuesOf } from './release-table';
import styles from './releases.module.css';
import { RANGES, useView } from './use-view';

const HOUR = 3_600_000;
/** As high as the chart, so that nothing jumps when it comes. */
const CHART_HEIGHT = 180;

export function Chosen({ project, rows }: { project: number; rows: readonly ReleaseRow[] }) {
  const { view, to, change } = useView();
  const { release, environment, range } = view;
  const row = rows.find((one) => one.release === release);
  return (
    <Panel>
      <div className={styles['head']}>
        <h2 className={styles['title']}>{release ? `Sessions of ${release}` : 'Sessions of all releases'}</h2>
        <div className={styles['choices']}>
          {release && <ButtonLink to={to({ release: '' })}>All releases</ButtonLink>}
          <Select
            label="Time shown"
            isLabelHidden
            value={range.id}
            options={RANGES}
            onChange={(hours) => change({ hours })}
          />
        </div>
      </div>
      <SessionChart
        project={project}
        release={release}
        environment={environment}
        hours={range.hours}
        marks={marksOf(row ? [row] : rows)}
      />
      {row && <Ends row={row} />}
      {release && <NewIn project={project} release={release} count={row?.new_issues} />}
    </Panel>
  );
}

/** When a release came: by its deploy, or else when it was first seen. */
function marksOf(rows: readonly ReleaseRow[]): Mark[] {
  return rows.flatMap(({ release, deployed, first_seen }) => {
    const time = deployed ?? first_seen;
    return time === null ? [] : [{ time, label: release }];
  });
}

/** Every hour up to now, also those without sessions, which the API leaves out. */
function byHour(items: readonly SessionHour[], hours: number) {
  const known = new Map(items.map((one) => [one.hour, one]));
  const current = Math.floor(now() / HOUR) * HOUR;
  const times = Array.from({ length: hours }, (_, index) => current - (hours - 1 - index) * HOUR);
  const of = (count: (hour: SessionHour) => number) =>
    times.map((time) => {
      const hour = known.get(time);
      return hour ? Math.max(0, count(hour)) : 0;
    });
  return { times, started: of((hour) => hour.started), crashed: of((hour) => hour.crashed) };
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

function SessionChart({
  project,
  release,
  environment,
  hours,
  marks,
}: {
  project: number;
  release: string;
  environment: string;
  hours: number;
  marks: readonly Mark[];
}) {
  const { data, error, refetch } = useQuery(sessions(project, release, environment, hours));
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) {
    return (
      <div className={styles['room']} style={{ minHeight: CHART_HEIGHT }}>
        <Loading lines={4} />
      </div>
    );
  }
  const { times, started, crashed } = byHour(data.items, hours);
  const [all, bad] = [sum(started), sum(crashed)];
  const where = environment ? ` in ${environment}` : '';
  const within = RANGES.find((range) => range.hours === hours)?.name ?? `${hours} hours`;
  if (all === 0) {
    return (
      <div className={styles['room']} style={{ minHeight: CHART_HEIGHT }}>
        <p className="muted">
          No session started{where} within the last {within}.{' '}
          {release ? 'Choose a longer time, or another environment.' : "Sentry's SDKs send them along with events."}
        </p>
      </div>
    );
  }
  const rate = percent(1 - Math.min(1, bad / all));
  return (
    <>
      <p className="muted">
        {plural(all, 'session')}
        {where} within {within}, {whole(bad)} crashed: {rate} crash-free.
      </p>
      <Chart
        label={`Sessions${release ? ` of ${release}` : ''} by the hour`}
        summary={`${plural(all, 'session')}${where} within ${within}, ${whole(bad)} of them crashed.`}
        times={times}
        series={[
          { name: 'sessions', values: started, colour: '--strong-line' },
          { name: 'crashed', values: crashed, colour: '--critical' },
        ]}
        marks={marks}
        height={CHART_HEIGHT}
      />
    </>
  );
}

/** What became of its sessions, in all hours that are kept. */
function Ends({ row }: { row: ReleaseRow }) {
  const { sessions: of } = row;
  const ends = [
    ['Sessions', whole(of.started), 'All that started, as long as they are kept'],
    ['Crash-free', <CrashFree key="rate" row={row} />, ''],
    ['Crashed', whole(of.crashed), 'Ended by an error'],
    ['With errors', whole(Math.max(0, of.errored)), 'With an error that did not end them'],
    ['Ended well', whole(of.exited), 'Ended as they should, without an error'],
    ['Killed', whole(of.abnormal), 'Ended from outside'],
  ] as const;
  return (
    <dl className={styles['ends']}>
      {ends.map(([name, value, title]) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function NewIn({ project, release, count }: { project: number; release: string; count: number | undefined }) {
  const { data, error, refetch } = useQuery(newIn(project, release));
  const shown = data?.items ?? [];
  return (
    <section className={styles['new']} aria-label={`New in ${release}`}>
      <h3>New in it</h3>
      {error && !data ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Loading lines={2} />
      ) : shown.length === 0 ? (
        <p className="muted">{count ? 'Its new issues were merged into others.' : 'No issue occurred first in it.'}</p>
      ) : (
        <ul>
          {shown.map((issue) => (
            <li key={issue.id} className={styles['issue']}>
              <Link to={`/projects/${project}/issues/${issue.id}`} className="clip">
                {issue.title}
              </Link>
              <Severity of={issue.severity} />
              <Status of={issue.status} />
              <Time at={issue.first_seen} className="muted" />
            </li>
          ))}
        </ul>
      )}
      <p>
        <Link to={issuesOf(project, release, 'release')}>All issues seen in it</Link>
      </p>
    </section>
  );
}
