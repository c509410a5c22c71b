/** Messages that were sent, or are to be: when, where, and what came of them. */

import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { channels } from '../../api/queries';
import type { Message, MessageState } from '../../api/schema';
import { ButtonLink, Select } from '../../ui/controls';
import { plural, whole } from '../../ui/format';
import { Empty, Failure, Loading } from '../../ui/page';
import { Table, Time } from '../../ui/show';
import styles from './alerts.module.css';
import { deliveries } from './queries';
import { noteInWords, STATES } from './words';

/** What the other side said, in words, and as it was. */
export function Note({ of }: { of: string }) {
  const { words, exact } = noteInWords(of);
  if (!words) return <span>{exact}</span>;
  return (
    <span>
      {words} <span className={styles['exact']}>{exact}</span>
    </span>
  );
}

function State({ of: { state } }: { of: Message }) {
  return <span className={styles[state]}>{STATES[state]}</span>;
}

/** When a channel was told last, and how that went. */
export function LastDelivery({ project, channel }: { project: number; channel: number }) {
  const { data } = useQuery(deliveries(project, { channel, limit: 1 }));
  const last = data?.items[0];
  return (
    <p className={styles['last']}>
      {!data ? (
        ' '
      ) : !last ? (
        'Nothing was sent yet.'
      ) : (
        <>
          <Link to={`/projects/${project}/alerts/deliveries?channel=${channel}`}>
            Last {last.is_test ? 'test' : 'message'}
          </Link>{' '}
          <Time at={last.last_attempt ?? last.created} />: <State of={last} />
          {last.state !== 'sent' && last.note && (
            <>
              . <Note of={last.note} />
            </>
          )}
        </>
      )}
    </p>
  );
}

const CHOICES: readonly { id: MessageState | ''; name: string }[] = [
  { id: '', name: 'All states' },
  { id: 'pending', name: STATES.pending },
  { id: 'sent', name: STATES.sent },
  { id: 'failed', name: STATES.failed },
];

export function Deliveries({ project }: { project: number }) {
  const [params, setParams] = useSearchParams();
  const state = CHOICES.find(({ id }) => id === params.get('state'))?.id ?? '';
  const channel = /^\d{1,15}$/.test(params.get('channel') ?? '') ? Number(params.get('channel')) : undefined;
  const after = /^\d{1,15}$/.test(params.get('after') ?? '') ? (params.get('after') ?? '') : '';
  const which = { channel, state: state || undefined, after };
  const { data, error, refetch } = useQuery(deliveries(project, which));
  const { data: known } = useQuery(channels(project));
  const changed = (changes: Record<string, string>) => {
    const next = new URLSearchParams(params);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    return next;
  };
  // Another choice begins at its first page.
  const choose = (changes: Record<string, string>) => setParams(changed({ ...changes, after: '' }));
  const isChosen = state !== '' || channel !== undefined;
  const names = (known?.items ?? []).map(({ id, name }) => ({ id: String(id), name }));
  // One that is gone is a choice as well, where a link names it.
  if (channel !== undefined && known && !names.some(({ id }) => id === String(channel))) {
    names.push({ id: String(channel), name: `Channel ${channel}, gone` });
  }
  return (
    <>
      <div className={styles['choices']}>
        <Select label="State" isLabelHidden options={CHOICES} value={state} onChange={(id) => choose({ state: id })} />
        <Select
          label="Channel"
          isLabelHidden
          options={[{ id: '', name: 'All channels' }, ...names]}
          value={channel === undefined ? '' : String(channel)}
          onChange={(id) => choose({ channel: id })}
        />
      </div>
      {error && !data ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <Empty title={isChosen ? 'No such delivery' : 'Nothing was sent within the last 30 days'}>
          {isChosen ? (
            <ButtonLink to="?">All deliveries</ButtonLink>
          ) : (
            <p>
              What <Link to={`/projects/${project}/alerts`}>rules</Link> tell is listed here, with what the other side
              said to it.
            </p>
          )}
        </Empty>
      ) : (
        <DeliveryTable items={data.items} />
      )}
      {data && (after || data.next) && (
        <nav aria-label="Pages of the list" className={styles['pages']}>
          {after && <ButtonLink to={`?${changed({ after: '' })}`}>Newest</ButtonLink>}
          {data.next && <ButtonLink to={`?${changed({ after: data.next })}`}>Older</ButtonLink>}
        </nav>
      )}
    </>
  );
}

function DeliveryTable({ items }: { items: readonly Message[] }) {
  return (
    <Table
      label="Deliveries"
      head={
        <>
          <th>When</th>
          <th>Channel</th>
          <th>What</th>
          <th>State</th>
          <th className="number">Attempts</th>
          <th>What came of it</th>
        </>
      }
    >
      {items.map((message) => (
        <tr key={message.id} title={`Message ${message.id}`}>
          <td>
            <Time at={message.created} />
          </td>
          <td>{message.channel_name ?? `Channel ${message.channel}`}</td>
          <td className={styles['what']}>{message.is_test ? 'Test' : plural(message.alerts, 'alert')}</td>
          <td>
            <State of={message} />
          </td>
          <td className="number">{whole(message.attempts)}</td>
          <td className={styles['note']}>
            {message.note && <Note of={message.note} />}
            {message.next_attempt !== null && (
              <span className="muted">
                {' '}
                {message.attempts > 0 ? 'Tried again' : 'To be sent'} <Time at={message.next_attempt} />.
              </span>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
