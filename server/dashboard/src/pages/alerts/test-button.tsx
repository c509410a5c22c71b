import { useMutation } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import { problem } from '../../api/problem';
import { queryClient } from '../../api/queries';
import type { Channel } from '../../api/schema';
import { Button } from '../../ui/controls';
import styles from './alerts.module.css';
import { Note } from './deliveries';

/** Sends a message that says it is a test, and shows what came of it. */
export function TestButton({ project, channel }: { project: number; channel: Channel }) {
  const test = useMutation({
    mutationFn: () =>
      read(
        api.POST('/api/v1/projects/{project}/channels/{channel}/test', {
          params: { path: { project, channel: channel.id } },
        }),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['p', project, 'deliveries'] }),
  });
  const { data, error } = test;
  return (
    <>
      <Button isBusy={test.isPending} aria-label={`Send a test to ${channel.name}`} onPress={() => test.mutate()}>
        Send a test
      </Button>
      <div role="status" className={styles['result']} aria-label={`Test of ${channel.name}`}>
        {test.isPending ? (
          <span className="muted">The test is on its way.</span>
        ) : error ? (
          <span className={styles['wrong']}>{problem(error).message}</span>
        ) : (
          data && (
            <>
              <b className={data.state === 'failed' ? styles['wrong'] : undefined}>
                {data.state === 'sent' ? 'The test was sent.' : 'The test failed.'}
              </b>{' '}
              <Note of={data.note} />
            </>
          )
        )}
      </div>
    </>
  );
}
