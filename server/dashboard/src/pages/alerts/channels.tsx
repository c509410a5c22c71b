/** Where messages go: channels, whether they work, and what went there last. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { channels, queryClient } from '../../api/queries';
import type { Channel } from '../../api/schema';
import { Button, ButtonLink, Confirm, Dialog } from '../../ui/controls';
import { say, sayProblem } from '../../ui/notices';
import { Empty, Failure, Loading } from '../../ui/page';
import styles from './alerts.module.css';
import { ChannelEditor } from './channel-editor';
import { LastDelivery } from './deliveries';
import { rules } from './queries';
import { TestButton } from './test-button';
import { KINDS, whereTo } from './words';

export function Channels({ project, mayChange }: { project: number; mayChange: boolean }) {
  const { data, error, refetch } = useQuery(channels(project));
  const [params, setParams] = useSearchParams();
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const chosen = data.items.find(({ id }) => String(id) === params.get('channel'));
  const close = () => setParams({});
  return (
    <>
      {data.items.length === 0 ? (
        <Empty title="No channel yet">
          <p>A channel says where alerts go: Slack, e-mail, PagerDuty or a webhook of your own. Rules say which.</p>
          {mayChange ? (
            <ButtonLink look="primary" to="?new">
              Make a channel
            </ButtonLink>
          ) : (
            <p className="muted">An admin of the project can make one.</p>
          )}
        </Empty>
      ) : (
        <>
          <div className={styles['above']}>
            <p className="muted">Addresses and keys are stored sealed, and never shown again.</p>
            {mayChange && <ButtonLink to="?new">Make a channel</ButtonLink>}
          </div>
          <ul className={styles['cards']} aria-label="Channels">
            {data.items.map((channel) => (
              <li key={channel.id} className={styles['card']}>
                <ChannelFacts project={project} channel={channel} mayChange={mayChange} />
                {mayChange && <ChannelActions project={project} channel={channel} />}
              </li>
            ))}
          </ul>
        </>
      )}
      {mayChange && (
        <>
          <Dialog title="Make a channel" isOpen={params.has('new')} onClose={close}>
            <ChannelEditor project={project} onClose={close} />
          </Dialog>
          <Dialog title={`Channel ${chosen?.name ?? ''}`} isOpen={chosen !== undefined} onClose={close}>
            {chosen && <ChannelEditor project={project} channel={chosen} onClose={close} />}
          </Dialog>
        </>
      )}
    </>
  );
}

function ChannelFacts({ project, channel, mayChange }: { project: number; channel: Channel; mayChange: boolean }) {
  return (
    <div className={styles['facts']}>
      <h2>
        {channel.name} {!channel.enabled && <span className={styles['off']}>off</span>}
      </h2>
      <p>
        <span className={styles['kind']}>{KINDS[channel.kind]}</span>
        {whereTo(channel) && <>, to {whereTo(channel)}</>}
      </p>
      {!channel.usable && (
        <p className={styles['wrong']}>
          Its secrets cannot be read with this server's key, so nothing can be sent.{' '}
          {mayChange ? 'Edit it, and enter them again.' : 'An admin of the project has to enter them again.'}
        </p>
      )}
      <LastDelivery project={project} channel={channel.id} />
    </div>
  );
}

function ChannelActions({ project, channel }: { project: number; channel: Channel }) {
  const [isAsking, setAsking] = useState(false);
  const { data } = useQuery(rules(project));
  const telling = data?.value.filter((rule) => rule.channels.includes(channel.id)).map(({ name }) => name) ?? [];
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE('/api/v1/projects/{project}/channels/{channel}', {
        params: { path: { project, channel: channel.id } },
      }),
    onSuccess: () => {
      setAsking(false);
      say(`The channel ${channel.name} is deleted.`);
      return queryClient.invalidateQueries({ queryKey: channels(project).queryKey });
    },
    onError: (error) => {
      setAsking(false);
      sayProblem(error);
    },
  });
  return (
    <div className={styles['acting']}>
      <div className={styles['buttons']}>
        <TestButton project={project} channel={channel} />
        <ButtonLink to={`?channel=${channel.id}`} aria-label={`Edit ${channel.name}`}>
          Edit
        </ButtonLink>
        <Button aria-label={`Delete ${channel.name}`} onPress={() => setAsking(true)}>
          Delete
        </Button>
      </div>
      <Confirm
        title={`Delete the channel ${channel.name}?`}
        action="Delete"
        isOpen={isAsking}
        isBusy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      >
        <p>What waits for it is not sent any more. What was sent stays in the list of deliveries.</p>
        {telling.length > 0 && (
          <p>
            Told by {telling.length === 1 ? 'the rule' : 'the rules'} {telling.join(', ')}:{' '}
            <Link to={`/projects/${project}/alerts`}>change that first</Link>, if somebody else is to be told.
          </p>
        )}
      </Confirm>
    </div>
  );
}
