/** The projects that one sees: what is open in each, and the way to it. */

import { useQueries } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, read } from '../../api/client';
import type { Counts, RoleIn } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { Button } from '../../ui/controls';
import { Empty, Page } from '../../ui/page';
import { Count, Table, Time } from '../../ui/show';
import { useDialog } from '../../ui/use-dialog';
import { NewProject } from './new-project';

/** What someone has to look at. */
const OPEN = ['unresolved', 'acknowledged', 'regressed'];

const openOf = ({ statuses }: Counts) => OPEN.reduce((sum, status) => sum + (statuses[status] ?? 0), 0);

const counts = (project: number) => ({
  queryKey: ['p', project, 'counts', 'all'],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    read(api.GET('/api/v1/projects/{project}/counts', { params: { path: { project } }, signal })),
});

export function Projects() {
  const { user, projects } = useMe();
  const making = useDialog('new');
  const found = useQueries({ queries: projects.map(({ project }) => counts(project.id)) });
  return (
    <Page
      title="Projects"
      actions={
        user.is_admin && (
          <Button look="primary" onPress={() => making.open()}>
            New project
          </Button>
        )
      }
    >
      {projects.length === 0 ? (
        <Empty title={user.is_admin ? 'There is no project yet' : 'No project is open to you yet'}>
          <p>
            {user.is_admin
              ? 'A project is an application, or a part of one, whose errors are looked at together. Make one, and its guide says how to send the first event.'
              : 'An admin of a project adds you under its settings, by your e-mail address.'}
          </p>
        </Empty>
      ) : (
        <Table
          isStacked
          label="Projects"
          head={
            <>
              <th>Project</th>
              <th className="number">Open issues</th>
              <th>You are</th>
              <th>Made</th>
              <th>
                <span className="hidden-text">Where to</span>
              </th>
            </>
          }
        >
          {projects.map((seen, index) => (
            <Row key={seen.project.id} seen={seen} counted={found[index]} isHost={user.is_admin} />
          ))}
        </Table>
      )}
      {user.is_admin && <NewProject isOpen={making.isOpen} onClose={making.close} />}
    </Page>
  );
}

function Row({
  seen: { project, role },
  counted,
  isHost,
}: {
  seen: RoleIn;
  counted: { data?: Counts | undefined; isError: boolean } | undefined;
  isHost: boolean;
}) {
  const open = counted?.data && openOf(counted.data);
  return (
    <tr>
      <td>
        <Link to={`/projects/${project.id}/issues`}>{project.name}</Link> <span className="muted">{project.slug}</span>
      </td>
      <td className="number" data-label="Open issues">
        {open !== undefined ? (
          <Count value={open} />
        ) : counted?.isError ? (
          <span className="muted">not known</span>
        ) : (
          '…'
        )}
      </td>
      <td>{isHost ? 'admin of the server' : role}</td>
      <td data-label="Made">
        <Time at={project.created} />
      </td>
      <td className="number">
        <Link to={`/projects/${project.id}/setup`} aria-label={`Set up an SDK for ${project.name}`}>
          Set up
        </Link>
      </td>
    </tr>
  );
}
