import { useQueries } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { api, read } from '../../api/client';
import type { NotCounted as Told, Project } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { Select } from '../../ui/controls';
import { Section } from '../../ui/form';
import { Loading } from '../../ui/page';
import { Count, Table, Time } from '../../ui/show';
import { reasonAdvice, reasonText } from './reasons';
import styles from './server.module.css';

const outcomes = (project: number) => ({
  queryKey: ['p', project, 'outcomes'],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    read(api.GET('/api/v1/projects/{project}/outcomes', { params: { path: { project } }, signal })),
});

interface Line {
  project: Project;
  reason: string;
  count: number;
  isClients: boolean;
}

function lines(project: Project, told: Told): Line[] {
  const of = (counts: Record<string, number>, isClients: boolean) =>
    Object.entries(counts).map(([reason, count]) => ({ project, reason, count, isClients }));
  return [...of(told.not_counted, false), ...of(told.not_sent_by_clients, true)].sort((a, b) => b.count - a.count);
}

const ALL = 'all';

/** What was refused or dropped, and why: of all projects, or of one with the last of them in full. */
export function NotCounted() {
  const { projects } = useMe();
  const [params, setParams] = useSearchParams();
  const found = useQueries({ queries: projects.map(({ project }) => outcomes(project.id)) });
  const chosen = projects.some(({ project }) => String(project.id) === params.get('project'))
    ? params.get('project')
    : ALL;
  const shown = projects.flatMap(({ project }, index) => {
    const told = found[index]?.data;
    return told && (chosen === ALL || chosen === String(project.id)) ? [{ project, told }] : [];
  });
  const all = shown.flatMap(({ project, told }) => lines(project, told));
  const last = shown.length > 1 ? [] : shown.flatMap(({ told }) => told.last);
  const choose = (project: string) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        if (project === ALL) next.delete('project');
        else next.set('project', project);
        return next;
      },
      { replace: true },
    );
  return (
    <Section
      title="Not counted"
      lead="What was sent and refused or left out, and what clients say they dropped themselves, since the project was made."
    >
      {projects.length > 1 && (
        <div className={styles['choice']}>
          <Select
            label="Project"
            options={[
              { id: ALL, name: 'All projects' },
              ...projects.map(({ project }) => ({ id: String(project.id), name: project.name })),
            ]}
            value={chosen ?? ALL}
            onChange={choose}
          />
        </div>
      )}
      {found.some((one) => one.isPending) ? (
        <Loading lines={4} />
      ) : all.length === 0 ? (
        <p className="muted">Nothing: all that was sent is counted.</p>
      ) : (
        <Table
          isStacked
          label="Not counted"
          head={
            <>
              <th>Project</th>
              <th>Why</th>
              <th>By whom</th>
              <th className="number">How many</th>
            </>
          }
        >
          {all.map(({ project, reason, count, isClients }) => (
            <tr key={`${project.id} ${reason} ${isClients}`}>
              <td>{project.name}</td>
              <td>
                {reasonText(reason)} {!isClients && <span className="muted">{reasonAdvice(reason)}</span>}
              </td>
              <td>{isClients ? 'clients' : 'the server'}</td>
              <td className="number" data-label="How many">
                <Count value={count} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {last.length > 0 && (
        <Table
          isStacked
          label="The last that were not counted"
          head={
            <>
              <th>When</th>
              <th>Why</th>
              <th>Event</th>
              <th className="number">Stands for</th>
            </>
          }
        >
          {last.map(({ time, reason, detail, event_id, quantity }, index) => (
            <tr key={`${time} ${index}`}>
              <td>
                <Time at={time} />
              </td>
              <td>
                {reasonText(reason)}
                <div className="muted">{detail}</div>
              </td>
              <td className="mono">{event_id ?? ''}</td>
              <td className="number" data-label="Stands for">
                <Count value={quantity} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
