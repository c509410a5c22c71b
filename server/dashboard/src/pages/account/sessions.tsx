import { useMutation, useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Session } from '../../api/schema';
import { Button } from '../../ui/controls';
import { say, sayProblem } from '../../ui/notices';
import { Failure, Loading } from '../../ui/page';
import { Table, Time } from '../../ui/show';
import { browserName } from './agent';

/** Where one is logged in. */
export function Sessions() {
  const { data, error, refetch } = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/sessions', { signal })),
  });
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['sessions'] });
  const end = useMutation({
    mutationFn: ({ number }: Session) =>
      api.DELETE('/api/v1/sessions/{session}', { params: { path: { session: number } } }),
    onSuccess: () => say('The session has ended.'),
    onError: sayProblem,
    onSettled: refresh,
  });
  const endOthers = useMutation({
    mutationFn: () => api.DELETE('/api/v1/sessions'),
    onSuccess: () => say('All other sessions have ended.'),
    onError: sayProblem,
    onSettled: refresh,
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading lines={4} />;
  // This one first: the others are what one looks for.
  const items = [...data.items].sort(
    (a, b) => Number(b.number === data.current) - Number(a.number === data.current) || b.used - a.used,
  );
  return (
    <>
      <Table
        isStacked
        label="Sessions"
        head={
          <>
            <th>Browser</th>
            <th>Begun</th>
            <th>Last used</th>
            <th>
              <span className="hidden-text">What to do</span>
            </th>
          </>
        }
      >
        {items.map((session) => (
          <tr className="middle" key={session.number}>
            <td title={session.agent}>
              {browserName(session.agent)}
              {session.number === data.current && <strong>, this one</strong>}
            </td>
            <td data-label="Begun">
              <Time at={session.created} />
            </td>
            <td data-label="Last used">
              <Time at={session.used} />
            </td>
            <td className="number">
              {session.number !== data.current && (
                <Button
                  aria-label={`End the session ${session.number}`}
                  onPress={() => end.mutate(session)}
                  isBusy={end.isPending && end.variables === session}
                >
                  End
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {items.length > 1 && (
        <div>
          <Button onPress={() => endOthers.mutate()} isBusy={endOthers.isPending}>
            End all others
          </Button>
        </div>
      )}
    </>
  );
}
