import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { Problem, problem } from '../../api/problem';
import { queryClient } from '../../api/queries';
import type { InForce, ProjectSettings } from '../../api/schema';
import { useMay } from '../../api/use-role';
import { Button, Select, TextField } from '../../ui/controls';
import { Form } from '../../ui/form';
import { say } from '../../ui/notices';
import { Failure, Loading } from '../../ui/page';
import { Fact, Facts } from '../../ui/show';
import { type Field, inWords, meant, type Name, typed, wrongWith } from './fields';
import { taggedSettings } from './queries';
import styles from './settings.module.css';

type Drafts = Partial<Record<Name, string>>;
type Known = { own: ProjectSettings; in_force: InForce; tag: string };

/** Some of a project's settings: its own value, or else the server's, which an empty field stands for. */
export function SettingsForm({ project, fields }: { project: number; fields: readonly Field[] }) {
  const mayChange = useMay(project, 'admin');
  const { data, error, refetch } = useQuery(taggedSettings(project));
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading lines={fields.length * 2} />;
  if (mayChange) return <Editor project={project} fields={fields} latest={data} />;
  return (
    <Facts>
      {fields.map((field) => (
        <Fact key={field.name} name={field.label}>
          {inWords(field, data.in_force[field.name])}
          {data.own[field.name] === null && <span className="muted">, as the server says</span>}
          <div className="muted">{field.meaning}</div>
        </Fact>
      ))}
    </Facts>
  );
}

function Editor({ project, fields, latest }: { project: number; fields: readonly Field[]; latest: Known }) {
  const [drafts, setDrafts] = useState<Drafts>({});
  // What was on screen when the typing began: what someone else changes meanwhile is told, not written over.
  const [begun, setBegun] = useState<Known>();
  const [theirs, setTheirs] = useState<readonly Name[]>([]);
  const known = begun ?? latest;
  const shown = (name: Name) => drafts[name] ?? typed(known.own[name]);
  const changed = fields.filter(({ name }) => shown(name) !== typed(known.own[name]));

  const save = useMutation({
    mutationFn: async () => {
      const body = Object.fromEntries(changed.map((field) => [field.name, meant(field, shown(field.name))]));
      const { data, response } = await api.PATCH('/api/v1/projects/{project}/settings', {
        params: { path: { project }, header: { 'If-Match': known.tag } },
        body,
      });
      if (!data) throw new Error('The server answered nothing.');
      return { ...data, tag: response.headers.get('etag') ?? '*' };
    },
    onSuccess: (next) => {
      queryClient.setQueryData(taggedSettings(project).queryKey, next);
      void queryClient.invalidateQueries({ queryKey: ['p', project, 'settings'] });
      setDrafts({});
      setBegun(undefined);
      setTheirs([]);
      say('Saved. It holds from the next event on.');
    },
    onError: async (failed) => {
      if (!(failed instanceof Problem) || failed.status !== 412) return;
      const now = await queryClient.fetchQuery({ ...taggedSettings(project), staleTime: 0 });
      setTheirs(fields.map(({ name }) => name).filter((name) => now.own[name] !== known.own[name]));
      setBegun(now);
    },
  });

  const type = (name: Name, text: string) => {
    setBegun(known);
    setDrafts({ ...drafts, [name]: text });
  };
  return (
    <Form onSubmit={() => save.mutate()}>
      {fields.map((field) => (
        <OneSetting
          key={field.name}
          field={field}
          text={shown(field.name)}
          inForce={known.in_force[field.name]}
          own={known.own[field.name]}
          isTheirs={theirs.includes(field.name)}
          onType={(text) => type(field.name, text)}
        />
      ))}
      {save.error && <Refusal error={save.error} fields={fields} />}
      <div className={styles['buttons']}>
        <Button type="submit" look="primary" isDisabled={changed.length === 0} isBusy={save.isPending}>
          Save
        </Button>
        {changed.length > 0 && (
          <Button
            onPress={() => {
              setDrafts({});
              setBegun(undefined);
              setTheirs([]);
              save.reset();
            }}
          >
            Undo
          </Button>
        )}
      </div>
    </Form>
  );
}

function OneSetting({
  field,
  text,
  own,
  inForce,
  isTheirs,
  onType,
}: {
  field: Field;
  text: string;
  own: ProjectSettings[Name];
  inForce: InForce[Name];
  /** Whether someone else changed it since the typing began. */
  isTheirs: boolean;
  onType: (text: string) => void;
}) {
  const bounds = field.most === undefined ? '' : ` From ${field.least} to ${field.most.toLocaleString('en')}.`;
  const hint = (
    <>
      {field.meaning}
      {bounds}{' '}
      {isTheirs
        ? `Someone else set it to ${inWords(field, own)} meanwhile.`
        : own === null
          ? field.kind === 'choice'
            ? ''
            : 'Empty: as the server says.'
          : "Empty it for the server's value."}
    </>
  );
  if (field.kind === 'choice') {
    // Its own value is all that is told of one that has one.
    const servers = own === null ? `As the server says: ${inWords(field, inForce)}` : 'As the server says';
    return (
      <Select
        label={field.label}
        options={[
          { id: 'server', name: servers },
          { id: 'yes', name: 'Yes' },
          { id: 'no', name: 'No' },
        ]}
        value={text === '' ? 'server' : text}
        onChange={(value) => onType(value === 'server' ? '' : value)}
        hint={hint}
      />
    );
  }
  return (
    <TextField
      label={field.label}
      value={text}
      onChange={onType}
      validate={(value) => wrongWith(field, value)}
      placeholder={own === null ? `${inWords(field, inForce)} (the server's)` : "the server's"}
      inputMode={field.kind === 'number' ? 'numeric' : 'text'}
      autoComplete="off"
      hint={hint}
    />
  );
}

/** Why it was not saved. The server names the setting as the API does. */
function Refusal({ error, fields }: { error: unknown; fields: readonly Field[] }) {
  const { message, status } = problem(error);
  if (status === 412) {
    return (
      <p role="alert">
        Someone else changed the settings meanwhile. What is now is said under each field that they changed; what you
        typed is kept. Save again to set it.
      </p>
    );
  }
  const field = fields.find(({ name }) => message.startsWith(`${name}: `));
  const text = field ? `${field.label}: ${message.slice(field.name.length + 2).replace(', or null', '')}` : message;
  return (
    <p role="alert" className={styles['wrong']}>
      {text.charAt(0).toUpperCase() + text.slice(1)}.
    </p>
  );
}
