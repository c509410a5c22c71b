/** The people of the server, for its admins. */

import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import { me, queryClient } from '../../api/queries';
import type { Link, User } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { Button, Confirm, Menu, MenuItem } from '../../ui/controls';
import { say, sayProblem } from '../../ui/notices';
import { Empty, Failure, Loading, Page } from '../../ui/page';
import { Table, Time } from '../../ui/show';
import { useDialog } from '../../ui/use-dialog';
import { Invite } from './invite';
import { Once } from './once';
import { Pending } from './pending';

const users = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => read(api.GET('/api/v1/users', { signal })),
});

export function People() {
  const { user } = useMe();
  if (user.is_admin) return <All />;
  return (
    <Page title="People">
      <Empty title="This is for admins of the server">
        <p>Who is in a project stands in its settings, under Members.</p>
      </Empty>
    </Page>
  );
}

function All() {
  const { data, error, refetch } = useQuery(users);
  const inviting = useDialog('invite');
  return (
    <Page
      title="People"
      actions={
        <Button look="primary" onPress={() => inviting.open()}>
          Invite someone
        </Button>
      }
    >
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <Listed items={data.items} />
      ) : (
        <Loading />
      )}
      <Pending />
      <Invite isOpen={inviting.isOpen} onClose={inviting.close} />
    </Page>
  );
}

function Listed({ items }: { items: readonly User[] }) {
  const removing = useDialog('remove');
  const ending = useDialog('end-sessions');
  const [link, setLink] = useState<Link & { user: User }>();
  const refresh = async () => {
    await queryClient.invalidateQueries({ queryKey: users.queryKey });
    await queryClient.invalidateQueries({ queryKey: me.queryKey });
  };
  const promote = useMutation({
    mutationFn: ({ user, isAdmin }: { user: User; isAdmin: boolean }) =>
      api.PATCH('/api/v1/users/{user}', { params: { path: { user: user.id } }, body: { is_admin: isAdmin } }),
    onSuccess: (_, { user, isAdmin }) =>
      say(isAdmin ? `${user.name} is an admin of the server now.` : `${user.name} is no admin of the server any more.`),
    onError: sayProblem,
    onSettled: refresh,
  });
  const renew = useMutation({
    mutationFn: (user: User) =>
      read(api.POST('/api/v1/users/{user}/password-link', { params: { path: { user: user.id } } })),
    onSuccess: (made, user) => setLink({ ...made, user }),
    onError: sayProblem,
  });
  const remove = useMutation({
    mutationFn: (user: User) => api.DELETE('/api/v1/users/{user}', { params: { path: { user: user.id } } }),
    onSuccess: (_, user) => say(`${user.name} is removed.`),
    onError: sayProblem,
    onSettled: () => {
      removing.close();
      return refresh();
    },
  });
  const end = useMutation({
    mutationFn: (user: User) => api.DELETE('/api/v1/users/{user}/sessions', { params: { path: { user: user.id } } }),
    onSuccess: (_, user) => say(`${user.name} is logged out everywhere.`),
    onError: sayProblem,
    onSettled: () => ending.close(),
  });
  const byId = (id: string | null) => items.find((user) => String(user.id) === id);
  const [removed, ended] = [byId(removing.value), byId(ending.value)];
  return (
    <>
      <Table
        isStacked
        label="People"
        head={
          <>
            <th>Name</th>
            <th>E-mail</th>
            <th>May</th>
            <th>Here since</th>
            <th>
              <span className="hidden-text">What to do</span>
            </th>
          </>
        }
      >
        {items.map((user) => (
          <tr className="middle" key={user.id}>
            <td>{user.name}</td>
            <td>{user.email}</td>
            <td>{user.is_admin ? 'admin of the server' : <span className="muted">what their projects allow</span>}</td>
            <td data-label="Here since">
              <Time at={user.created} />
            </td>
            <td className="number">
              <Menu label="…" isIcon name={`What to do with ${user.name}`}>
                <MenuItem onAction={() => promote.mutate({ user, isAdmin: !user.is_admin })}>
                  {user.is_admin ? 'No longer admin of the server' : 'Make admin of the server'}
                </MenuItem>
                <MenuItem onAction={() => renew.mutate(user)}>Make a link for another password</MenuItem>
                <MenuItem onAction={() => ending.open(String(user.id))}>End all sessions</MenuItem>
                <MenuItem onAction={() => removing.open(String(user.id))}>Remove</MenuItem>
              </Menu>
            </td>
          </tr>
        ))}
      </Table>
      <Confirm
        title={`Remove ${removed?.name ?? ''}?`}
        action="Remove"
        isOpen={removed !== undefined}
        isBusy={remove.isPending}
        onConfirm={() => {
          if (removed) remove.mutate(removed);
        }}
        onClose={removing.close}
      >
        {removed?.email} can no longer log in, and their sessions and tokens end. What they did stays in the history of
        issues.
      </Confirm>
      <Confirm
        title={`End all sessions of ${ended?.name ?? ''}?`}
        action="End them"
        isOpen={ended !== undefined}
        isBusy={end.isPending}
        onConfirm={() => {
          if (ended) end.mutate(ended);
        }}
        onClose={ending.close}
      >
        {ended?.email} is logged out in every browser, and can log in again. Their tokens go on.
      </Confirm>
      <Once
        title="Send them this link"
        label="the link for another password"
        secret={link?.link}
        onClose={() => setLink(undefined)}
      >
        By this link {link?.user.email} chooses another password. It holds once and ends{' '}
        {link && <Time at={link.expires} />}.
      </Once>
    </>
  );
}
