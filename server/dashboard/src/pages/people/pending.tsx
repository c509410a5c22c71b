/** Invitations that nobody has taken up yet: of the server, or of a project. */

import { type QueryKey, queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Invitation } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { Button } from '../../ui/controls';
import { Section } from '../../ui/form';
import { say, sayProblem } from '../../ui/notices';
import { Failure } from '../../ui/page';
import { Table, Time } from '../../ui/show';

export const invitations = queryOptions({
  queryKey: ['invitations'],
  queryFn: ({ signal }) => read(api.GET('/api/v1/invitations', { signal })),
});

/** All of the server. */
export function Pending() {
  const { projects } = useMe();
  const { data, error, refetch } = useQuery(invitations);
  const nameOf = (id: number) => projects.find(({ project }) => project.id === id)?.project.name ?? `project ${id}`;
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  return (
    <Invitations
      items={data?.items ?? []}
      queryKey={invitations.queryKey}
      as={({ is_admin, project, role }) =>
        [is_admin && 'admin of the server', typeof project === 'number' && `${role} of ${nameOf(project)}`]
          .filter(Boolean)
          .join(', ')
      }
      revoke={({ number }) =>
        api.DELETE('/api/v1/invitations/{invitation}', { params: { path: { invitation: number } } })
      }
    />
  );
}

/** A list of them; nothing if there is none. */
export function Invitations({
  items,
  queryKey,
  as,
  revoke,
}: {
  items: readonly Invitation[];
  /** Under which they were asked for. */
  queryKey: QueryKey;
  /** What they make of who takes them up. */
  as: (invitation: Invitation) => string;
  revoke: (invitation: Invitation) => Promise<unknown>;
}) {
  const revoking = useMutation({
    mutationFn: revoke,
    onSuccess: () => say('The link leads nowhere any more.'),
    onError: sayProblem,
    onSettled: () => queryClient.invalidateQueries({ queryKey }),
  });
  if (items.length === 0) return null;
  return (
    <Section title="Invited, not here yet">
      <Table
        isStacked
        label="Invitations"
        head={
          <>
            <th>E-mail</th>
            <th>As</th>
            <th>The link ends</th>
            <th>
              <span className="hidden-text">What to do</span>
            </th>
          </>
        }
      >
        {items.map((invitation) => (
          <tr className="middle" key={invitation.number}>
            <td>{invitation.email}</td>
            <td>{as(invitation)}</td>
            <td data-label="The link ends">
              <Time at={invitation.expires} />
            </td>
            <td className="number">
              <Button
                aria-label={`Revoke the invitation of ${invitation.email}`}
                onPress={() => revoking.mutate(invitation)}
              >
                Revoke
              </Button>
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
