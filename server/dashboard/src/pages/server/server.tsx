/** How the server is, and what it did not count. For its admins. */

import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, read } from '../../api/client';
import type { Report } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { Section } from '../../ui/form';
import { bytes, duration, percent, whole } from '../../ui/format';
import { Empty, Failure, Loading, Page } from '../../ui/page';
import { Fact, Facts, Time } from '../../ui/show';
import { NotCounted } from './not-counted';
import styles from './server.module.css';

const LOOK_EVERY = 10_000;

export function ServerPage() {
  const { user } = useMe();
  return (
    <Page title="Server">
      {user.is_admin ? (
        <>
          <Health />
          <NotCounted />
        </>
      ) : (
        <Empty title="This is for admins of the server" />
      )}
    </Page>
  );
}

function Health() {
  const { data, error, refetch } = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/health', { signal })),
    refetchInterval: LOOK_EVERY,
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading lines={6} />;
  return (
    <Section title="Health">
      <Troubles report={data} />
      <Facts>
        <Fact name="Version">{data.version}</Fact>
        <Fact name="Disk">
          {data.disk ? (
            <>
              {bytes(data.disk.free)} free of {bytes(data.disk.total)} ({percent(data.disk.free / data.disk.total)})
              <span className="muted">
                {limit(data.bounds.free_bytes, `, trouble below ${bytes(data.bounds.free_bytes)}`)}
              </span>
            </>
          ) : (
            'could not be measured'
          )}
        </Fact>
        <Fact name="Counting is behind by">
          {duration(data.lag_ms)}
          <span className="muted">{limit(data.bounds.lag_ms, `, trouble above ${duration(data.bounds.lag_ms)}`)}</span>
        </Fact>
        <Fact name="Log in use">
          {bytes(data.log_bytes)}
          <span className="muted">, what was accepted and is not yet safe in the database</span>
        </Fact>
        <Fact name="Quotas used up">{data.quotas_used_up.length === 0 ? 'none' : <Quotas report={data} />}</Fact>
      </Facts>
    </Section>
  );
}

/** A bound of 0 is none. */
const limit = (bound: number, text: string) => (bound === 0 ? '' : text);

const CAUSES: Record<string, string> = {
  disk: 'The disk is nearly full',
  lag: 'Counting does not keep up',
  quota: 'A project has used up its quota',
};

function Troubles({ report }: { report: Report }) {
  const name = useProjectName();
  if (report.troubles.length === 0) return <p className={styles['well']}>All is well.</p>;
  return (
    <ul className={styles['troubles']}>
      {report.troubles.map(({ cause, project, since, detail }) => (
        <li key={`${cause} ${project}`}>
          <strong>
            {typeof project === 'number' ? `${name(project)} has used up its quota` : (CAUSES[cause] ?? cause)}
          </strong>
          , first seen <Time at={since} />. {detail.charAt(0).toUpperCase() + detail.slice(1)}.
        </li>
      ))}
    </ul>
  );
}

function Quotas({ report }: { report: Report }) {
  const name = useProjectName();
  return (
    <ul>
      {report.quotas_used_up.map(({ project, quota, refused_since }) => (
        <li key={project}>
          <Link to={`/projects/${project}/settings/data`}>{name(project)}</Link>: {whole(quota)} events an hour, refused
          since <Time at={refused_since} />
        </li>
      ))}
    </ul>
  );
}

function useProjectName(): (id: number) => string {
  const { projects } = useMe();
  return (id) => projects.find(({ project }) => project.id === id)?.project.name ?? `Project ${id}`;
}
