import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Project } from '../../api/schema';
import { useMay } from '../../api/use-role';
import { Button, Confirm, TextField } from '../../ui/controls';
import { plural } from '../../ui/format';
import { Form, Section, Wrong } from '../../ui/form';
import { DATA_FIELDS } from './fields';
import { SettingsForm } from './settings-form';
import styles from './settings.module.css';

export function Data({ project }: { project: Project }) {
  return (
    <>
      <Section title="What comes in and is kept">
        <SettingsForm project={project.id} fields={DATA_FIELDS} />
      </Section>
      {useMay(project.id, 'admin') && <Forget project={project.id} />}
    </>
  );
}

function Forget({ project }: { project: number }) {
  const [user, setUser] = useState('');
  const [isAsked, setAsked] = useState(false);
  const forget = useMutation({
    mutationFn: () =>
      read(api.POST('/api/v1/projects/{project}/forget-user', { params: { path: { project } }, body: { user } })),
    onSuccess: () => {
      setUser('');
      void queryClient.invalidateQueries({ queryKey: ['p', project] });
    },
    onSettled: () => setAsked(false),
  });
  return (
    <Section
      title="Forget a user"
      lead="Erases the stored details of every event of one of your users. Issues and counts stay, and do not tell who it was. Values that your program put into tags, titles or messages are not looked for."
    >
      <Form
        onSubmit={() => {
          forget.reset();
          setAsked(true);
        }}
      >
        <TextField
          label="User"
          hint="The id, e-mail address, name or IP address that stands in the events. Someone who is named in several ways is forgotten by each of them."
          isRequired
          maxLength={1000}
          autoComplete="off"
          value={user}
          onChange={setUser}
        />
        <Wrong error={forget.error} />
        <div className={styles['buttons']}>
          <Button look="danger" type="submit" isBusy={forget.isPending}>
            Forget this user
          </Button>
          <span role="status">
            {forget.data && `Done: the details of ${plural(forget.data.removed, 'event')} were erased.`}
          </span>
        </div>
      </Form>
      <Confirm
        title="Forget this user?"
        action="Erase"
        isOpen={isAsked}
        isBusy={forget.isPending}
        onConfirm={() => forget.mutate()}
        onClose={() => setAsked(false)}
      >
        All stored details of events whose user is <strong>{user}</strong> are erased. They cannot be brought back.
        Backups are yours to delete.
      </Confirm>
    </Section>
  );
}
