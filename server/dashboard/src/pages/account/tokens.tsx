import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { MadeToken, Token } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { now } from '../../clock';
import { Button, Confirm } from '../../ui/controls';
import { say, sayProblem } from '../../ui/notices';
import { Failure, Loading } from '../../ui/page';
import { Table, Time } from '../../ui/show';
import { useDialog } from '../../ui/use-dialog';
import { Once } from '../people/once';
import { NewToken } from './new-token';

const tokens = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => read(api.GET('/api/v1/tokens', { signal })),
});

/** One's own tokens. */
export function Tokens() {
  const { data, error, refetch } = useQuery(tokens);
  const making = useDialog('token');
  const [made, setMade] = useState<MadeToken>();
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading lines={3} />;
  return (
    <>
      {data.items.length === 0 ? <p className="muted">You have none.</p> : <Listed items={data.items} />}
      <div>
        <Button onPress={() => making.open('new')}>New token</Button>
      </div>
      <NewToken
        isOpen={making.isOpen}
        onClose={making.close}
        onMade={(next) => {
          making.close();
          setMade(next);
          void queryClient.invalidateQueries({ queryKey: tokens.queryKey });
        }}
      />
      <Once
        title={`Token ${made?.token.name ?? ''}`}
        label="the token"
        secret={made?.secret}
        onClose={() => setMade(undefined)}
      >
        Programs send it with each request, as <code>Authorization: Bearer</code>. It may{' '}
        {made?.token.can_write ? 'read and change what you may' : 'read what you may'}.
      </Once>
    </>
  );
}

function Listed({ items }: { items: readonly Token[] }) {
  const { projects } = useMe();
  const revoking = useDialog('revoke');
  const revoke = useMutation({
    mutationFn: ({ number }: Token) => api.DELETE('/api/v1/tokens/{token}', { params: { path: { token: number } } }),
    onSuccess: () => say('The token is revoked.'),
    onError: sayProblem,
    onSettled: () => {
      revoking.close();
      return queryClient.invalidateQueries({ queryKey: tokens.queryKey });
    },
  });
  const asked = items.find(({ number }) => String(number) === revoking.value);
  const nameOf = (id: number) => projects.find(({ project }) => project.id === id)?.project.name ?? `project ${id}`;
  return (
    <>
      <Table
        isStacked
        label="Tokens"
        head={
          <>
            <th>Name</th>
            <th>May</th>
            <th>In</th>
            <th>Made</th>
            <th>Last used</th>
            <th>Ends</th>
            <th>
              <span className="hidden-text">What to do</span>
            </th>
          </>
        }
      >
        {items.map((token) => (
          <tr className="middle" key={token.number}>
            <td>{token.name}</td>
            <td>{token.can_write ? 'read and write' : 'read'}</td>
            <td>{typeof token.project === 'number' ? nameOf(token.project) : 'all your projects'}</td>
            <td data-label="Made">
              <Time at={token.created} />
            </td>
            <td data-label="Last used">
              {token.used === null ? <span className="muted">never</span> : <Time at={token.used} />}
            </td>
            <td data-label="Ends">
              {token.expires === null ? (
                <span className="muted">never</span>
              ) : token.expires <= now() ? (
                'has ended'
              ) : (
                <Time at={token.expires} />
              )}
            </td>
            <td className="number">
              <Button aria-label={`Revoke the token ${token.name}`} onPress={() => revoking.open(String(token.number))}>
                Revoke
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      <Confirm
        title={`Revoke the token ${asked?.name ?? ''}?`}
        action="Revoke"
        isOpen={asked !== undefined}
        isBusy={revoke.isPending}
        onConfirm={() => {
          if (asked) revoke.mutate(asked);
        }}
        onClose={revoking.close}
      >
        Programs that use it are refused from then on.
      </Confirm>
    </>
  );
}
