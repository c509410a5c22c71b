/** How people come in: by password, by the first start's link, by an invitation or a link for another password. */

import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect, useEffectEvent, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { api, read, rememberCsrf } from '../../api/client';
import { me, queryClient } from '../../api/queries';
import type { Welcome } from '../../api/schema';
import { beginSession, onSessionElsewhere } from '../../api/session';
import { Button, TextField } from '../../ui/controls';
import { Form, Wrong } from '../../ui/form';
import styles from './entrance.module.css';

/** What the server takes at least. */
const MIN_PASSWORD = 10;

function useComeIn(to: string) {
  const navigate = useNavigate();
  return async ({ csrf }: Pick<Welcome, 'csrf'>) => {
    rememberCsrf(csrf);
    // Another person may have been here before: nothing of theirs is shown.
    queryClient.clear();
    beginSession();
    await queryClient.query(me).catch(() => undefined);
    await navigate(to, { replace: true });
  };
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Faultwire`;
  }, [title]);
  return (
    <main className={styles['entrance']}>
      <p className={styles['brand']}>Faultwire</p>
      <h1>{title}</h1>
      {children}
    </main>
  );
}

/** Only to pages of our own: an address that someone was sent must not lead elsewhere. */
function safe(to: string | null): string {
  return to?.startsWith('/') && !/^\/[/\\]/.test(to) ? to : '/';
}

export function Login() {
  const [params] = useSearchParams();
  const to = safe(params.get('to'));
  const comeIn = useComeIn(to);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => read(api.POST('/api/v1/login', { body: { email, password } })),
    onSuccess: comeIn,
  });
  // Who comes in in another tab is here as well: there is no need to log in in each.
  const look = useEffectEvent(async () => {
    const found = await queryClient.fetchQuery({ ...me, staleTime: 0 }).catch(() => undefined);
    if (found) await comeIn({ csrf: found.csrf ?? '' });
  });
  useEffect(() => onSessionElsewhere(() => void look()), []);
  return (
    <Frame title="Log in">
      {to !== '/' && <p className="muted">You come back to where you were.</p>}
      <Form onSubmit={() => login.mutate()}>
        <TextField
          label="E-mail"
          type="email"
          autoComplete="username"
          isRequired
          value={email}
          onChange={setEmail}
          autoFocus
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          isRequired
          value={password}
          onChange={setPassword}
        />
        <Wrong error={login.error} />
        <Button look="primary" type="submit" isBusy={login.isPending}>
          Log in
        </Button>
      </Form>
      <p className="muted">Forgotten? An admin of the server can make you a link for another password.</p>
    </Frame>
  );
}

/** The secret of a one-time link: read once, and taken out of the address, so that nobody finds it in the history. */
function useSecret(): string {
  const [secret] = useState(() => window.location.hash.slice(1));
  useEffect(() => {
    if (window.location.hash) window.history.replaceState(window.history.state, '', window.location.pathname);
  }, []);
  return secret;
}

function NotWhole() {
  return (
    <Frame title="The link is not whole">
      <p>Open it as it was given to you, with everything behind the #.</p>
      <p>
        <Link to="/login">Log in</Link> if you have a password already.
      </p>
    </Frame>
  );
}

/** Who comes first becomes admin of the server. */
export function FirstPerson() {
  const token = useSecret();
  const comeIn = useComeIn('/');
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const setup = useMutation({
    mutationFn: () => read(api.POST('/api/v1/setup', { body: { token, email, name, password } })),
    onSuccess: comeIn,
  });
  if (!token) return <NotWhole />;
  return (
    <Frame title="Welcome to your error tracker">
      <p>You are the first one here, and will be its admin. Others you invite later.</p>
      <Form onSubmit={() => setup.mutate()}>
        <TextField
          label="E-mail"
          type="email"
          autoComplete="username"
          isRequired
          value={email}
          onChange={setEmail}
          autoFocus
        />
        <TextField label="Name" autoComplete="name" isRequired maxLength={100} value={name} onChange={setName} />
        <NewPassword value={password} onChange={setPassword} />
        <Wrong error={setup.error} />
        <Button look="primary" type="submit" isBusy={setup.isPending}>
          Come in
        </Button>
      </Form>
    </Frame>
  );
}

/** An invitation, or another password. */
export function Join() {
  const token = useSecret();
  const comeIn = useComeIn('/');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const redeem = useMutation({
    mutationFn: () => read(api.POST('/api/v1/redeem', { body: { token, password, ...(name ? { name } : {}) } })),
    onSuccess: comeIn,
  });
  if (!token) return <NotWhole />;
  return (
    <Frame title="Come in">
      <Form onSubmit={() => redeem.mutate()}>
        <TextField
          label="Name"
          autoComplete="name"
          maxLength={100}
          value={name}
          onChange={setName}
          hint="May stay empty if you only choose another password."
          autoFocus
        />
        <NewPassword value={password} onChange={setPassword} />
        <Wrong error={redeem.error} />
        <Button look="primary" type="submit" isBusy={redeem.isPending}>
          Come in
        </Button>
      </Form>
    </Frame>
  );
}

function NewPassword({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextField
      label="Password"
      type="password"
      autoComplete="new-password"
      isRequired
      minLength={MIN_PASSWORD}
      value={value}
      onChange={onChange}
      hint={`${MIN_PASSWORD} characters or more`}
    />
  );
}
