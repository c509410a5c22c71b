import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
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

/** Invitations that nobody has taken up yet. */
export function Pending() {
  const { projects } = useMe();
  const { data, error, refetch } = useQuery(invitations);
  const revoke = useMutation({
    mutationFn: ({ number }: Invitation) =>
      api.DELETE('/api/v1/invitations/{invitation}', { params: { path: { invitation: number } } }),
    onSuccess: () => say('The link leads nowhere any more.'),
    onError: sayProblem,
    onSettled: () => queryClient.invalidateQueries({ queryKey: invitations.queryKey }),
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data || data.items.length === 0) return null;
  const nameOf = (id: number) => projects.find(({ project }) => project.id === id)?.project.name ?? `project ${id}`;
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
        {data.items.map((invitation) => (
          <tr className="middle" key={invitation.number}>
            <td>{invitation.email}</td>
            <td>
              {invitation.is_admin && 'admin of the server'}
              {typeof invitation.project === 'number' && `${invitation.role} of ${nameOf(invitation.project)}`}
            </td>
            <td data-label="The link ends">
              <Time at={invitation.expires} />
            </td>
            <td className="number">
              <Button
                aria-label={`Revoke the invitation of ${invitation.email}`}
                onPress={() => revoke.mutate(invitation)}
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
