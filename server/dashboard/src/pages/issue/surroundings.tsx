/** What an occurrence says beside its stack: request, user, tags, contexts, and what else came with it. */

import { Link } from 'react-router';
import { plural } from '../../ui/format';
import { Fold } from './more';
import type { Json, Occurred, Request } from './parts';
import { Pairs, Section, Text, Value, Words } from './value';
import styles from './occurrence.module.css';

/** A trace by which issues can be asked for. */
const TRACE = /^[0-9a-f]{32}$/i;

/** Where issues that have the same are listed. */
export function listed(project: number, by: Record<string, string>): string {
  return `/projects/${project}/issues?${new URLSearchParams(by)}`;
}

export function Surroundings({ of, project }: { of: Occurred; project: number }) {
  return (
    <>
      {of.request && <RequestView of={of.request} />}
      {of.user.length > 0 && <User of={of.user} project={project} />}
      <About of={of} project={project} />
      {of.contexts.length > 0 && <Contexts of={of} project={project} />}
      {of.extra.length > 0 && (
        <Section title="Extra">
          <Pairs of={of.extra} label="entries" />
        </Section>
      )}
      <Rest of={of} />
    </>
  );
}

function Folded({ of, title }: { of: readonly [string, Json][]; title: string }) {
  if (of.length === 0) return null;
  return (
    <Fold title={`${title} (${of.length})`}>
      <Pairs of={of} label={title.toLowerCase()} />
    </Fold>
  );
}

function RequestView({ of }: { of: Request }) {
  return (
    <Section title="Request">
      <p className={styles['url']}>
        <b>{of.method || 'GET'}</b> <Text of={of.url || '(no address)'} />
      </p>
      {of.query.length > 0 && (
        <div>
          <h3>Query</h3>
          <Pairs of={of.query} label="parameters" />
        </div>
      )}
      {of.body !== undefined && (
        <div>
          <h3>Body</h3>
          <Value of={of.body} isOpen />
        </div>
      )}
      {of.headers.length > 0 && (
        <div>
          <h3>Headers</h3>
          <Pairs of={of.headers} label="headers" first={20} />
        </div>
      )}
      <Folded of={of.cookies} title="Cookies" />
      <Folded of={of.environment} title="Environment of the server" />
    </Section>
  );
}

/** By what a user is found, the surest first: as the server does. */
const NAMES = ['id', 'email', 'username', 'ip_address'];

function User({ of, project }: { of: readonly [string, Json][]; project: number }) {
  const values = new Map(of);
  const name = NAMES.map((one) => values.get(one)).find((one) => typeof one === 'string' && one !== '');
  return (
    <Section
      title="User"
      aside={typeof name === 'string' && <Link to={listed(project, { user: name })}>Issues of this user</Link>}
    >
      <Pairs of={of} label="names" />
    </Section>
  );
}

function About({ of, project }: { of: Occurred; project: number }) {
  const named: [string, string][] = [
    ['environment', of.environment],
    ['release', of.release],
    ['dist', of.dist],
    ['server', of.server],
    ['transaction', of.transaction],
    ['logger', of.logger],
    ['level', of.level],
    ['platform', of.platform],
  ];
  const told = named.filter(([, value]) => value !== '');
  return (
    <Section title="Tags">
      <ul className={styles['tags']}>
        {told.map(([name, value]) => (
          <li key={name}>
            <span className="muted">{name}</span>
            {name === 'environment' || name === 'release' ? (
              <Link to={listed(project, { [name]: value })}>
                <Words of={value} />
              </Link>
            ) : (
              <span>
                <Words of={value} />
              </span>
            )}
          </li>
        ))}
        {of.tags.map(([name, value]) => (
          <li key={`tag ${name}`}>
            <span className="muted">{name}</span>
            <Link to={listed(project, { tag: `${name}:${value}` })}>
              <Words of={value} />
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What our own clients note of their work: of interest to few. */
const OWN = 'faultwire';
const FIRST = ['trace', 'runtime', 'os', 'device', 'app', 'browser'];

function Contexts({ of, project }: { of: Occurred; project: number }) {
  const place = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const shown = of.contexts.filter(([name]) => name !== OWN).sort(([a], [b]) => place(a) - place(b));
  const own = of.contexts.find(([name]) => name === OWN);
  const trace = shown.find(([name]) => name === 'trace')?.[1].find(([name]) => name === 'trace_id')?.[1];
  return (
    <Section
      title="Contexts"
      aside={
        typeof trace === 'string' &&
        TRACE.test(trace) && <Link to={listed(project, { trace })}>Issues of the same trace</Link>
      }
    >
      <div className={styles['contexts']}>
        {shown.map(([name, values]) => (
          <div key={name}>
            <h3>{name}</h3>
            <Pairs of={values} label="entries" first={20} />
          </div>
        ))}
      </div>
      {own && <Folded of={own[1]} title="What the client notes of its work" />}
    </Section>
  );
}

function Rest({ of }: { of: Occurred }) {
  const { sdk, modules, images } = of;
  if (!sdk && modules.length === 0 && images.length === 0) return null;
  return (
    <Section title="Where it ran">
      {sdk && (
        <p className={styles['sdk']}>
          Sent by <Text of={[sdk.name, sdk.version].filter(Boolean).join(' ') || 'a client without a name'} />
          {sdk.integrations.length > 0 && <span className="muted"> with {sdk.integrations.join(', ')}</span>}
        </p>
      )}
      {modules.length > 0 && (
        <Fold title={plural(modules.length, 'module')}>
          <Pairs of={modules} label="modules" />
        </Fold>
      )}
      {images.length > 0 && (
        <Fold title={plural(images.length, 'loaded image')}>
          <Value of={images} isOpen />
        </Fold>
      )}
    </Section>
  );
}
