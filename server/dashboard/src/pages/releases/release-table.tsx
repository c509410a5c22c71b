import { Link } from 'react-router';
import type { ReleaseRow } from '../../api/schema';
import { percent, plural, whole } from '../../ui/format';
import { Count, Table, Time } from '../../ui/show';
import styles from './releases.module.css';
import { useView } from './use-view';

const CRASH_FREE = 'Sessions that did not end in a crash, of all that started';

/** Where the issues of a release are listed, the last opened first, wherever they stand: those that are new in it, or all. */
export function issuesOf(project: number, release: string, which: 'new_in' | 'release'): string {
  const query = new URLSearchParams({ status: 'all', [which]: release, sort: 'opened' });
  return `/projects/${project}/issues?${query}`;
}

/** Those of the page, the newest first. */
export function ReleaseTable({ project, rows }: { project: number; rows: readonly ReleaseRow[] }) {
  const { view, to } = useView();
  const all = rows.reduce((sum, row) => sum + row.sessions.started, 0);
  return (
    <Table
      label="Releases"
      head={
        <>
          <th>Release</th>
          <th>Deployed</th>
          <th>First seen</th>
          <th className="number">New issues</th>
          <th className="number">Sessions</th>
          <th title="Its part of all sessions that are listed here">Adoption</th>
          <th className="number" title={CRASH_FREE}>
            Crash-free
          </th>
        </>
      }
    >
      {rows.map((row) => {
        const isChosen = row.release === view.release;
        return (
          <tr key={row.release} className={isChosen ? styles['chosen'] : undefined}>
            <td className={styles['name']}>
              <Link to={to({ release: isChosen ? '' : row.release })} {...(isChosen ? { 'aria-current': true } : {})}>
                {row.release}
              </Link>
            </td>
            <td>{row.deployed === null ? <Unknown why="No deploy was told" /> : <Time at={row.deployed} />}</td>
            <td>
              {row.first_seen === null ? <Unknown why="Nothing came from it yet" /> : <Time at={row.first_seen} />}
            </td>
            <td className="number">
              {row.new_issues === 0 ? (
                <span className="muted">0</span>
              ) : (
                <Link
                  to={issuesOf(project, row.release, 'new_in')}
                  aria-label={`New in ${row.release}: ${plural(row.new_issues, 'issue')}`}
                >
                  <Count value={row.new_issues} />
                </Link>
              )}
            </td>
            <td className="number">
              <Count value={row.sessions.started} />
            </td>
            <td>
              <Adoption part={all === 0 ? undefined : row.sessions.started / all} />
            </td>
            <td className="number">
              <CrashFree row={row} />
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function Unknown({ why }: { why: string }) {
  return (
    <span className="muted" title={why}>
      <span aria-hidden="true">–</span>
      <span className="hidden-text">{why}</span>
    </span>
  );
}

function Adoption({ part }: { part: number | undefined }) {
  if (part === undefined) return <Unknown why="No sessions" />;
  return (
    <span className={styles['adoption']}>
      <span className={styles['track']} aria-hidden="true">
        <span style={{ width: `${part * 100}%` }} />
      </span>
      <span className="number">{percent(part)}</span>
    </span>
  );
}

/** Unknown is not the same as good: without sessions nobody knows how they end. */
export function CrashFree({ row: { crash_free_rate, sessions } }: { row: ReleaseRow }) {
  if (crash_free_rate === null) return <Unknown why="Unknown without sessions" />;
  return (
    <span title={`${CRASH_FREE}: ${whole(sessions.crashed)} of ${whole(sessions.started)} crashed`}>
      {percent(crash_free_rate)}
    </span>
  );
}
