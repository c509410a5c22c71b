/** Makes or changes a channel. What it is sent with can be set, and is never seen again. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { api, read } from '../../api/client';
import { problem } from '../../api/problem';
import { channels, queryClient } from '../../api/queries';
import type { Channel, ChannelKind } from '../../api/schema';
import { Actions, Button, Select, TextField, Tick } from '../../ui/controls';
import { say } from '../../ui/notices';
import { Failure, Loading } from '../../ui/page';
import styles from './alerts.module.css';
import { readChannel, type Tagged } from './queries';
import { KINDS, whereTo } from './words';

type Name = 'url' | 'to' | 'routing_key' | 'base_url' | 'secret';

interface FieldOf {
  name: Name;
  label: string;
  hint: string;
  placeholder?: string;
  isSecret?: boolean;
  isOptional?: boolean;
}

const FIELDS: Record<ChannelKind, readonly FieldOf[]> = {
  slack: [
    {
      name: 'url',
      label: 'Webhook URL',
      hint: 'In Slack: your app, Incoming Webhooks, Add New Webhook.',
      placeholder: 'https://hooks.slack.com/services/...',
      isSecret: true,
    },
  ],
  email: [
    {
      name: 'to',
      label: 'To',
      hint: 'Up to 50 addresses, with commas between them.',
      placeholder: 'oncall@example.com',
    },
  ],
  pagerduty: [
    {
      name: 'routing_key',
      label: 'Integration key',
      hint: 'Of an Events API v2 integration of your service.',
      isSecret: true,
    },
    {
      name: 'base_url',
      label: 'API address',
      hint: 'Only if it is not https://events.pagerduty.com, such as in the EU.',
      placeholder: 'https://events.eu.pagerduty.com',
      isOptional: true,
    },
  ],
  webhook: [
    {
      name: 'url',
      label: 'URL',
      hint: 'Gets a signed POST with JSON. Addresses inside your network need the admin to allow them.',
      placeholder: 'https://example.com/faultwire',
      isSecret: true,
    },
    {
      name: 'secret',
      label: 'Secret',
      hint: 'Signs each request, so that your side knows who sends: 16 to 200 characters that nobody guesses.',
      isSecret: true,
    },
  ],
};

type Values = Record<Name, string>;
const NOTHING: Values = { url: '', to: '', routing_key: '', base_url: '', secret: '' };

/** The field that the server names: `url: expected ...`. */
function fieldIn(message: string): Record<string, string> | undefined {
  const [, field, text] = /^(name|url|to|routing_key|base_url|secret): (.*)$/s.exec(message) ?? [];
  return field && text ? { [field]: text.charAt(0).toUpperCase() + text.slice(1) } : undefined;
}

/** What is sent: of what may not be read, only what was entered. */
function body(kind: ChannelKind, values: Values) {
  const entered = FIELDS[kind].filter(({ name }) => values[name].trim() !== '');
  return Object.fromEntries(
    entered.map(({ name }) => {
      const text = values[name].trim();
      return [name, name === 'to' ? text.split(/[\s,;]+/).filter(Boolean) : text];
    }),
  );
}

export function ChannelEditor({
  project,
  channel,
  onClose,
}: {
  project: number;
  channel?: Channel;
  onClose: () => void;
}) {
  // With the tag of what is shown: someone else may be at it as well.
  const found = useQuery({
    queryKey: ['p', project, 'channel', channel?.id],
    queryFn: () => readChannel(project, channel?.id ?? 0),
    enabled: channel !== undefined,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });
  if (!channel) return <ChannelForm project={project} known={undefined} onClose={onClose} />;
  if (found.error) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Loading lines={4} />;
  return <ChannelForm project={project} known={found.data} onClose={onClose} />;
}

function ChannelForm({
  project,
  known,
  onClose,
}: {
  project: number;
  known: Tagged<Channel> | undefined;
  onClose: () => void;
}) {
  const [base, setBase] = useState(known);
  const first = known?.value;
  const [kind, setKind] = useState<ChannelKind>(first?.kind ?? 'slack');
  const [name, setName] = useState(first?.name ?? '');
  const [enabled, setEnabled] = useState(first?.enabled ?? true);
  const [values, setValues] = useState<Values>({
    ...NOTHING,
    to: first?.config.to?.join(', ') ?? '',
    base_url: first?.config.base_url ?? '',
  });
  const [theirs, setTheirs] = useState<Channel>();
  const save = useMutation({
    mutationFn: async (): Promise<Channel> => {
      const wanted = { name: name.trim(), enabled, ...body(kind, values) };
      if (!base) {
        const path = { project };
        return read(api.POST('/api/v1/projects/{project}/channels', { params: { path }, body: { kind, ...wanted } }));
      }
      return read(
        api.PATCH('/api/v1/projects/{project}/channels/{channel}', {
          params: { path: { project, channel: base.value.id }, header: { 'If-Match': base.tag } },
          body: wanted,
        }),
      );
    },
    onSuccess: (channel) => {
      say(base ? `The channel ${channel.name} is changed.` : `The channel ${channel.name} is made. Send a test.`);
      onClose();
      return queryClient.invalidateQueries({ queryKey: channels(project).queryKey });
    },
    onError: async (error) => {
      if (problem(error).status !== 412 || !base) return;
      // What is now is shown; whoever saves again has seen it.
      const now = await readChannel(project, base.value.id).catch(() => undefined);
      if (!now) return;
      setBase(now);
      setTheirs(now.value);
    },
  });
  const message = save.error ? problem(save.error).message : '';
  const wrong = fieldIn(message);
  return (
    <Form
      className={styles['form'] ?? ''}
      validationErrors={wrong ?? {}}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {!first && (
        <Select
          label="Kind"
          value={kind}
          onChange={setKind}
          options={(Object.keys(FIELDS) as ChannelKind[]).map((id) => ({
            id,
            name: KINDS[id].charAt(0).toUpperCase() + KINDS[id].slice(1),
          }))}
        />
      )}
      <TextField
        label="Name"
        name="name"
        isRequired
        maxLength={100}
        placeholder="#ops"
        value={name}
        onChange={setName}
        autoFocus={!first}
      />
      {FIELDS[kind].map((field) => (
        <ChannelField
          key={`${kind} ${field.name}`}
          field={field}
          channel={first}
          value={values[field.name]}
          onChange={(value) => setValues({ ...values, [field.name]: value })}
        />
      ))}
      <Tick isSelected={enabled} onChange={setEnabled}>
        In use
      </Tick>
      {first?.enabled && !enabled && <p className="muted">What waits for it is dropped when you save.</p>}
      {theirs && (
        <div role="alert" className={styles['notice']}>
          <div>
            <h3>Someone else changed it meanwhile</h3>
            <p>
              It is now {theirs.name}, to {whereTo(theirs)}, {theirs.enabled ? 'in use' : 'off'}; secrets may be others.
              Save again to have it as you entered it here.
            </p>
          </div>
        </div>
      )}
      {save.error && !wrong && !theirs && (
        <p role="alert" className={styles['wrong']}>
          {message}
        </p>
      )}
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" isBusy={save.isPending}>
          {first ? 'Save' : 'Make it'}
        </Button>
      </Actions>
    </Form>
  );
}

function ChannelField({
  field,
  channel,
  value,
  onChange,
}: {
  field: FieldOf;
  channel: Channel | undefined;
  value: string;
  onChange: (value: string) => void;
}) {
  const { name, label, hint, placeholder, isSecret, isOptional } = field;
  const secrecy = name === 'url' || name === 'routing_key' || name === 'secret' ? channel?.secrets[name] : undefined;
  const isKept = secrecy === 'set';
  const kept = isKept
    ? 'Set; leave empty to keep it.'
    : secrecy === 'unreadable'
      ? 'Cannot be read any more: enter it again.'
      : hint;
  return (
    <TextField
      label={label}
      name={name}
      // A secret of the channel, and nobody's password: browsers are not to keep it.
      type={name === 'secret' || name === 'routing_key' ? 'password' : 'text'}
      autoComplete={name === 'secret' || name === 'routing_key' ? 'new-password' : 'off'}
      isRequired={!isOptional && !(isSecret && isKept)}
      placeholder={isKept ? '' : (placeholder ?? '')}
      value={value}
      onChange={onChange}
      hint={kept}
    />
  );
}
