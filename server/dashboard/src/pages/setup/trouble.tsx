import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import { Copy, Table, Time } from '../../ui/show';
import { reasonAdvice, reasonText } from '../server/reasons';
import { type Sdk, serverOf } from './sdks';
import styles from './setup.module.css';

const LOOK_EVERY = 5_000;
/** What was refused so long before counts as of this attempt, too, in milliseconds. */
const RECENT = 60 * 60_000;
/** Shown of what was refused. */
const SHOWN = 10;

/** What to look at when nothing arrives: after a while, or as soon as something was refused. */
export function NothingArrives({
  project,
  sdk,
  dsn,
  start,
  isLate,
}: {
  project: number;
  sdk: Sdk;
  dsn: string | undefined;
  /** Since when it is waited. */
  start: number;
  isLate: boolean;
}) {
  const { data } = useQuery({
    queryKey: ['p', project, 'outcomes'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/outcomes', { params: { path: { project } }, signal })),
    refetchInterval: LOOK_EVERY,
  });
  const refused = (data?.last ?? []).filter(({ time }) => time > start - RECENT).slice(0, SHOWN);
  const isRefused = refused.some(({ time }) => time > start);
  if (!isLate && !isRefused) return null;
  return (
    <section className={styles['step']} aria-label="When nothing arrives">
      <h3>{isRefused ? 'Something came, and was refused' : 'Nothing yet? Look at these'}</h3>
      {refused.length > 0 && (
        <Table
          label="Refused within the last hour"
          head={
            <>
              <th>Refused</th>
              <th>Why, and what to do</th>
            </>
          }
        >
          {refused.map(({ time, reason, detail, event_id }, index) => (
            <tr key={`${time} ${event_id} ${index}`}>
              <td>
                <Time at={time} />
              </td>
              <td>
                {reasonText(reason)}. {reasonAdvice(reason)}
                <br />
                <span className="muted">{detail}</span>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <ol className={styles['checks']}>
        <li>
          <p>The DSN: is it in the program exactly as above, and does the program get to the line with it?</p>
          {dsn && sdk.doctor && (
            <>
              <p>This says what came back:</p>
              <Copy label="a command that says what came back" text={sdk.doctor(dsn)} />
            </>
          )}
        </li>
        <li>
          <p>
            The way: can the machine that runs the program reach the server through firewalls and proxies? There, this
            answers ok:
          </p>
          <Copy
            label="a command that asks whether the server can be reached"
            text={`curl ${dsn ? serverOf(dsn) : new URL('.', document.baseURI).href.replace(/\/$/, '')}/healthz`}
          />
        </li>
        {refused.length === 0 && (
          <li>
            <p>The server: within the last hour it refused nothing of this project, so nothing came as far as here.</p>
          </li>
        )}
      </ol>
    </section>
  );
}
