/** The way to the first event: the lines to copy, with the project's real DSN, and the page that waits for it. */

import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';
import { Link, useSearchParams } from 'react-router';
import { keys as keysOf } from '../../api/queries';
import type { KeyAndDsn } from '../../api/schema';
import { useMay, useProject } from '../../api/use-role';
import { Select, Tabs } from '../../ui/controls';
import { Failure, Loading, Page } from '../../ui/page';
import { Copy, Fact, Facts } from '../../ui/show';
import { Lost } from '../shell/lost';
import { Arrivals } from './arrivals';
import { Hints } from './dsn-hints';
import { SDKS, type Sdk } from './sdks';
import styles from './setup.module.css';
import { WhoHasKeys } from './who-has-keys';

/** Stands where the DSN will, for who may not see it. */
const PLACE = 'https://KEY@HOST/PROJECT';

export function Setup() {
  const seen = useProject();
  if (!seen) return <Lost />;
  return <Guide id={seen.project.id} name={seen.project.name} />;
}

function Guide({ id, name }: { id: number; name: string }) {
  const [params, setParams] = useSearchParams();
  const maySeeKeys = useMay(id, 'member');
  const { data, error, refetch } = useQuery({ ...keysOf(id), enabled: maySeeKeys });
  const sdk = SDKS.find((one) => one.id === params.get('sdk')) ?? SDKS[0];
  if (!sdk) return null;
  const inForce = (data?.items ?? []).filter(({ key }) => key.revoked === null);
  // Programs take a server key: a browser key is trusted less.
  const usual = inForce.find(({ key }) => !key.browser) ?? inForce[0];
  const chosen = inForce.find(({ key }) => key.public === params.get('key')) ?? usual;
  const to = (change: Record<string, string>) => {
    const all = new URLSearchParams(params);
    for (const [key, value] of Object.entries(change)) all.set(key, value);
    return all;
  };
  return (
    <Page title={`Set up ${name}`}>
      <div className={styles['steps']}>
        <Tabs
          label="SDK"
          tabs={SDKS.map((one) => ({ to: `?${to({ sdk: one.id })}`, name: one.name, isHere: one === sdk }))}
        />
        {!maySeeKeys && <WhoHasKeys project={id} />}
        {maySeeKeys && error && <Failure error={error} onRetry={() => void refetch()} />}
        {maySeeKeys && !error && !data && <Loading />}
        {data && !chosen && <NoKey project={id} />}
        {inForce.length > 1 && chosen && (
          <div className={styles['key']}>
            <Select
              label="Key"
              options={inForce.map(keyOption)}
              value={chosen.key.public}
              onChange={(key) => setParams(to({ key }), { replace: true })}
            />
          </div>
        )}
        {(!maySeeKeys || chosen) && <Steps project={id} sdk={sdk} dsn={chosen?.dsn} />}
      </div>
    </Page>
  );
}

function keyOption({ key }: KeyAndDsn) {
  const kind = key.browser ? 'Browser key' : 'Server key';
  const text = `${kind} ${key.public.slice(0, 8)}…${key.origins.length > 0 ? ` for ${key.origins.join(', ')}` : ''}`;
  return { id: key.public, name: text, text };
}

function NoKey({ project }: { project: number }) {
  const mayMake = useMay(project, 'admin');
  return (
    <p>
      All keys of the project were revoked, so nothing comes in.{' '}
      {mayMake ? (
        <Link to={`/projects/${project}/settings/keys`}>Make a key</Link>
      ) : (
        'An admin of the project can make another.'
      )}
    </p>
  );
}

function Steps({ project, sdk, dsn }: { project: number; sdk: Sdk; dsn: string | undefined }) {
  const shown = dsn ?? PLACE;
  return (
    <>
      {sdk.install && (
        <Step title="Install it">
          <Copy label="the line that installs it" text={sdk.install} />
        </Step>
      )}
      <Step title={sdk.id === 'sentry' ? 'Give it the DSN' : 'Start it'}>
        <p>{sdk.where}</p>
        <Copy label="the lines that start it" text={sdk.begin(shown)} />
        {dsn && <Hints dsn={dsn} />}
        <Notes sdk={sdk} />
      </Step>
      <Step title="Send a test event">
        {sdk.test.file ? (
          <p>
            Save this as <code>{sdk.test.file}</code>. It fails on purpose.
          </p>
        ) : (
          <p>Run this in a shell, or let your program fail.</p>
        )}
        <Copy label="the test" text={sdk.test.text(shown)} />
        {sdk.test.run && (
          <>
            <p>Then run it:</p>
            <Copy label="the line that runs the test" text={sdk.test.run} />
          </>
        )}
      </Step>
      <Step title="Watch it arrive">
        <Arrivals project={project} sdk={sdk} dsn={dsn} />
      </Step>
    </>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className={styles['step']} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function Notes({ sdk }: { sdk: Sdk }) {
  return (
    <details className={styles['notes']}>
      <summary>Frameworks and more</summary>
      <Facts>
        {sdk.notes.map(({ name, text, code }) => (
          <Fact key={name} name={name}>
            <div className={styles['note']}>
              {text}
              {code && <Copy label={`the lines for ${name}`} text={code} />}
            </div>
          </Fact>
        ))}
      </Facts>
    </details>
  );
}
