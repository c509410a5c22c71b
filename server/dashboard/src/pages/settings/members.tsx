import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { me, queryClient } from '../../api/queries';
import type { Member, Project, Role } from '../../api/schema';
import { useMay, useMe } from '../../api/use-role';
import { Button, Confirm, Select } from '../../ui/controls';
import { Section } from '../../ui/form';
import { say, sayProblem } from '../../ui/notices';
import { Empty, Failure, Loading } from '../../ui/page';
import { Table } from '../../ui/show';
import { useDialog } from '../../ui/use-dialog';
import { Invitations } from '../people/pending';
import { SHORT_ROLES } from '../people/words';
import { AddMember } from './add-member';
import { invitations, members } from './queries';
import styles from './settings.module.css';

export function Members({ project: { id } }: { project: Project }) {
  const mayChange = useMay(id, 'admin');
  const { data, error, refetch } = useQuery(members(id));
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  return (
    <>
      {mayChange && (
        <Section
          title="Add someone"
          lead="Who is on this server already is in at once. For anyone else you get a link to send them."
        >
          <AddMember project={id} />
        </Section>
      )}
      <Section title="Members" lead="Admins of the server see all projects, and need not stand here.">
        {data.items.length === 0 ? (
          <Empty title="Nobody stands here yet">
            <p>Only admins of the server see this project.</p>
          </Empty>
        ) : (
          <Table
            isStacked
            label="Members"
            head={
              <>
                <th>Name</th>
                <th>E-mail</th>
                <th>Role</th>
                {mayChange && (
                  <th>
                    <span className="hidden-text">What to do</span>
                  </th>
                )}
              </>
            }
          >
            {data.items.map((member) => (
              <One key={member.id} project={id} member={member} mayChange={mayChange} />
            ))}
          </Table>
        )}
      </Section>
      {mayChange && <Pending project={id} />}
      {mayChange && <Removal project={id} members={data.items} />}
    </>
  );
}

/** After a change: who is in it, and what oneself may there. */
async function refresh(project: number): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: ['p', project, 'members'] });
  await queryClient.invalidateQueries({ queryKey: me.queryKey });
}

function One({ project, member, mayChange }: { project: number; member: Member; mayChange: boolean }) {
  const removing = useDialog('remove');
  const change = useMutation({
    mutationFn: (role: Role) =>
      api.PUT('/api/v1/projects/{project}/members/{user}', {
        params: { path: { project, user: member.id } },
        body: { role },
      }),
    onSuccess: (_, role) => say(`${member.name} is ${role} now.`),
    onError: sayProblem,
    onSettled: () => refresh(project),
  });
  return (
    <tr className="middle">
      <td>{member.name}</td>
      <td>{member.email}</td>
      <td>
        {mayChange ? (
          <div className={styles['role']}>
            <Select
              label={`Role of ${member.name}`}
              isLabelHidden
              options={SHORT_ROLES}
              value={change.variables && change.isPending ? change.variables : member.role}
              onChange={(role) => {
                if (role !== member.role) change.mutate(role);
              }}
            />
          </div>
        ) : (
          member.role
        )}
        {member.is_admin && <div className="muted">admin of the server</div>}
      </td>
      {mayChange && (
        <td>
          <div className={styles['end']}>
            <Button aria-label={`Remove ${member.name}`} onPress={() => removing.open(String(member.id))}>
              Remove
            </Button>
          </div>
        </td>
      )}
    </tr>
  );
}

function Removal({ project, members: all }: { project: number; members: readonly Member[] }) {
  const removing = useDialog('remove');
  const { user } = useMe();
  const member = all.find(({ id }) => String(id) === removing.value);
  const remove = useMutation({
    mutationFn: (id: number) =>
      api.DELETE('/api/v1/projects/{project}/members/{user}', { params: { path: { project, user: id } } }),
    onSuccess: () => say('Removed from the project.'),
    onError: sayProblem,
    onSettled: () => {
      removing.close();
      return refresh(project);
    },
  });
  return (
    <Confirm
      title={`Remove ${member?.name ?? ''} from the project?`}
      action="Remove"
      isOpen={member !== undefined}
      isBusy={remove.isPending}
      onConfirm={() => {
        if (member) remove.mutate(member.id);
      }}
      onClose={removing.close}
    >
      {member?.id === user.id && !user.is_admin
        ? 'That is you. You no longer see the project, and only another admin can bring you back.'
        : `${member?.email} no longer sees it, nor do their tokens.${
            member?.is_admin ? ' As an admin of the server they see it all the same.' : ''
          }`}
    </Confirm>
  );
}

function Pending({ project }: { project: number }) {
  const asked = invitations(project);
  const { data, error, refetch } = useQuery(asked);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  return (
    <Invitations
      items={data?.items ?? []}
      queryKey={asked.queryKey}
      as={({ role }) => role ?? ''}
      revoke={({ number }) =>
        api.DELETE('/api/v1/projects/{project}/invitations/{invitation}', {
          params: { path: { project, invitation: number } },
        })
      }
    />
  );
}
