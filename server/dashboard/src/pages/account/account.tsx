/** What belongs to who is here: name, password, sessions, tokens, and how the pages look. */

import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import { me, queryClient } from '../../api/queries';
import { useMe } from '../../api/use-role';
import { Button, Select, TextField } from '../../ui/controls';
import { Form, Section, Wrong } from '../../ui/form';
import { say } from '../../ui/notices';
import { Page } from '../../ui/page';
import { setTheme, THEMES, useTheme } from '../shell/theme';
import { Sessions } from './sessions';
import { Tokens } from './tokens';
import styles from './account.module.css';

export function Account() {
  const { user } = useMe();
  return (
    <Page title="Account">
      <div className={styles['parts']}>
        <Section title="You" lead={`You log in as ${user.email}.`}>
          <Name now={user.name} />
        </Section>
        <Section title="Password" lead="Another password ends all your other sessions. Tokens go on.">
          <Password />
        </Section>
        <Section title="Tokens" lead="For programs that use the API as you: Authorization: Bearer fwt_…">
          <Tokens />
        </Section>
        <Section
          title="Sessions"
          lead="Browsers in which you are logged in. A session ends 30 days after its last use."
        >
          <Sessions />
        </Section>
        <Section title="Looks" lead="For this browser.">
          <Theme />
        </Section>
      </div>
    </Page>
  );
}

function Name({ now }: { now: string }) {
  const [name, setName] = useState<string>();
  const rename = useMutation({
    mutationFn: () => read(api.PATCH('/api/v1/me', { body: { name: name ?? now } })),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: me.queryKey });
      setName(undefined);
      say('You are renamed.');
    },
  });
  return (
    <Form onSubmit={() => rename.mutate()}>
      <TextField
        label="Name"
        hint="As others see you in the history of issues."
        isRequired
        maxLength={100}
        autoComplete="name"
        value={name ?? now}
        onChange={setName}
      />
      <Wrong error={rename.error} />
      <div>
        <Button type="submit" isDisabled={name === undefined || name === now} isBusy={rename.isPending}>
          Rename
        </Button>
      </div>
    </Form>
  );
}

/** What the server takes at least. */
const MIN_PASSWORD = 10;

function Password() {
  const { user } = useMe();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () => read(api.POST('/api/v1/password', { body: { current, new: next } })),
    onSuccess: async () => {
      setCurrent('');
      setNext('');
      await queryClient.invalidateQueries({ queryKey: ['sessions'] });
      say('The password is changed. Your other sessions have ended.');
    },
  });
  return (
    <Form onSubmit={() => change.mutate()}>
      {/* So that a manager of passwords knows whose it is. */}
      <input type="hidden" name="username" autoComplete="username" value={user.email} readOnly />
      <TextField
        label="Password now"
        type="password"
        autoComplete="current-password"
        isRequired
        value={current}
        onChange={setCurrent}
      />
      <TextField
        label="New password"
        type="password"
        autoComplete="new-password"
        isRequired
        minLength={MIN_PASSWORD}
        hint={`${MIN_PASSWORD} characters or more`}
        value={next}
        onChange={setNext}
      />
      <Wrong error={change.error} />
      <div>
        <Button type="submit" isBusy={change.isPending}>
          Change the password
        </Button>
      </div>
    </Form>
  );
}

function Theme() {
  const chosen = useTheme();
  return (
    <div className={styles['theme']}>
      <Select label="Theme" options={THEMES} value={chosen} onChange={setTheme} />
    </div>
  );
}
