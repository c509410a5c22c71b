import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys as keysOf, queryClient } from '../../api/queries';
import type { KeyAndDsn, KeyRow, Project } from '../../api/schema';
import { useMay } from '../../api/use-role';
import { Button, Confirm } from '../../ui/controls';
import { Section } from '../../ui/form';
import { say, sayProblem } from '../../ui/notices';
import { Empty, Failure, Loading } from '../../ui/page';
import { Copy, Table, Time } from '../../ui/show';
import { useDialog } from '../../ui/use-dialog';
import { NewKey } from './new-key';
import styles from './settings.module.css';

const kindOf = ({ browser }: KeyRow) => (browser ? 'Browser' : 'Server');

export function Keys({ project }: { project: Project }) {
  const mayChange = useMay(project.id, 'admin');
  const { data, error, refetch } = useQuery(keysOf(project.id));
  const making = useDialog('new');
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const inForce = data.items.filter(({ key }) => key.revoked === null);
  const revoked = data.items.filter(({ key }) => key.revoked !== null);
  return (
    <>
      <Section
        title="Keys in force"
        lead="A program sends with the DSN of a key. Server keys are for programs of yours; browser keys are public, and may be limited to your pages."
      >
        {inForce.length === 0 ? (
          <Empty title="No key is in force">
            <p>Nothing comes in until there is one.</p>
          </Empty>
        ) : (
          <Table
            isStacked
            label="Keys in force"
            head={
              <>
                <th>DSN</th>
                <th>For</th>
                <th>Made</th>
                {mayChange && (
                  <th>
                    <span className="hidden-text">What to do</span>
                  </th>
                )}
              </>
            }
          >
            {inForce.map((one) => (
              <InForce key={one.key.public} one={one} mayChange={mayChange} />
            ))}
          </Table>
        )}
        {mayChange && (
          <div>
            <Button onPress={() => making.open()}>New key</Button>
          </div>
        )}
      </Section>
      {revoked.length > 0 && (
        <Section title="Revoked" lead="What is sent with them is refused, and counted as such.">
          <Table
            isStacked
            label="Revoked keys"
            head={
              <>
                <th>Key</th>
                <th>For</th>
                <th>Revoked</th>
              </>
            }
          >
            {revoked.map(({ key }) => (
              <tr className="middle" key={key.public}>
                <td className="mono">{key.public}</td>
                <td>{kindOf(key)}</td>
                <td data-label="Revoked">
                  <Time at={key.revoked ?? 0} />
                </td>
              </tr>
            ))}
          </Table>
        </Section>
      )}
      {mayChange && (
        <>
          <NewKey project={project.id} isOpen={making.isOpen} onClose={making.close} />
          <Ends project={project.id} keys={inForce} />
        </>
      )}
    </>
  );
}

function InForce({ one: { key, dsn }, mayChange }: { one: KeyAndDsn; mayChange: boolean }) {
  const rotating = useDialog('rotate');
  const revoking = useDialog('revoke');
  return (
    <tr className="middle">
      <td className={styles['dsn']}>
        <Copy label={`DSN of ${kindOf(key).toLowerCase()} key ${key.public.slice(0, 8)}`} text={dsn} />
      </td>
      <td>
        {kindOf(key)}
        {key.browser && (
          <div className="muted">{key.origins.length > 0 ? key.origins.join(', ') : 'pages of any address'}</div>
        )}
      </td>
      <td data-label="Made">
        <Time at={key.created} />
      </td>
      {mayChange && (
        <td>
          <div className={styles['end']}>
            <Button aria-label={`Rotate key ${key.public.slice(0, 8)}`} onPress={() => rotating.open(key.public)}>
              Rotate
            </Button>
            <Button aria-label={`Revoke key ${key.public.slice(0, 8)}`} onPress={() => revoking.open(key.public)}>
              Revoke
            </Button>
          </div>
        </td>
      )}
    </tr>
  );
}

/** Asks before a key ends. */
function Ends({ project, keys }: { project: number; keys: readonly KeyAndDsn[] }) {
  const rotating = useDialog('rotate');
  const revoking = useDialog('revoke');
  const refresh = () => void queryClient.invalidateQueries({ queryKey: keysOf(project).queryKey });
  const path = (key: string | null) => ({ params: { path: { project, key: key ?? '' } } });
  const rotate = useMutation({
    mutationFn: () => api.POST('/api/v1/projects/{project}/keys/{key}/rotate', path(rotating.value)),
    onSuccess: () => say('Another key is in its place.'),
    onError: sayProblem,
    onSettled: () => {
      rotating.close();
      refresh();
    },
  });
  const revoke = useMutation({
    mutationFn: () => api.DELETE('/api/v1/projects/{project}/keys/{key}', path(revoking.value)),
    onSuccess: () => say('The key is revoked.'),
    onError: sayProblem,
    onSettled: () => {
      revoking.close();
      refresh();
    },
  });
  // A link to a key that has gone meanwhile asks nothing.
  const isThere = (key: string | null) => keys.some((one) => one.key.public === key);
  return (
    <>
      <Confirm
        title="Rotate the key?"
        action="Rotate"
        isOpen={isThere(rotating.value)}
        isBusy={rotate.isPending}
        onConfirm={() => rotate.mutate()}
        onClose={rotating.close}
      >
        Another key takes its place, with the same pages if it is for browsers. What is sent with{' '}
        <code>{rotating.value}</code> is refused from then on. Where that must not be, make a new key first, change your
        programs, and revoke this one then.
      </Confirm>
      <Confirm
        title="Revoke the key?"
        action="Revoke"
        isOpen={isThere(revoking.value)}
        isBusy={revoke.isPending}
        onConfirm={() => revoke.mutate()}
        onClose={revoking.close}
      >
        What is sent with <code>{revoking.value}</code> is refused from then on, for good.
        {keys.length === 1 && ' It is the only one: nothing comes in until there is another.'}
      </Confirm>
    </>
  );
}
