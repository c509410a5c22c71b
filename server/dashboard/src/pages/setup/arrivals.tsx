import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { Link } from 'react-router';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Issue } from '../../api/schema';
import { now } from '../../clock';
import { useMessages, useStreamState } from '../../live/live';
import type { Message } from '../../live/messages';
import { Severity, Time } from '../../ui/show';
import type { Sdk } from './sdks';
import styles from './setup.module.css';
import { NothingArrives } from './trouble';

/** What just arrived is among the issues that occurred last. */
const LOOKED_AT = 25;
/** Shown of them. */
const SHOWN = 5;
/** Without the live stream. */
const POLL_EVERY = 5_000;
/** Nothing came for so long: then it says what to look at. */
const PATIENCE = 30_000;

/** How often each issue had occurred when the waiting began, and since when it is known. */
interface Before {
  counts: ReadonlyMap<number, number>;
  oldest: number;
}

function before(issues: readonly Issue[]): Before {
  // One that was below the last of a full list, and moved up as another went, did not occur meanwhile.
  const oldest = issues.length < LOOKED_AT ? 0 : Math.min(...issues.map((issue) => issue.last_seen));
  return { counts: new Map(issues.map((issue) => [issue.id, issue.raw])), oldest };
}

function hasOccurred(issue: Issue, known: Before): boolean {
  const count = known.counts.get(issue.id);
  return count === undefined ? issue.last_seen > known.oldest : issue.raw > count;
}

/** Waits for an event of the project, and shows it as it comes in. */
export function Arrivals({ project, sdk, dsn }: { project: number; sdk: Sdk; dsn: string | undefined }) {
  const state = useStreamState();
  const [start] = useState(now);
  const [known, setKnown] = useState<Before>();
  const [isLate, setLate] = useState(false);
  const queryKey = ['p', project, 'issues', 'arrivals'];
  const { data } = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/issues', {
          params: { path: { project }, query: { limit: LOOKED_AT, sort: 'last_seen' } },
          signal,
        }),
      ),
    refetchInterval: state === 'live' ? false : POLL_EVERY,
    // What was there when another visit began says nothing of this one.
    gcTime: 0,
    staleTime: 0,
  });
  if (data && !known) setKnown(before(data.items));

  useMessages(
    useCallback(
      (messages: Message[]) => {
        const isOurs = ({ name, data }: Message) => (name === 'issue' || name === 'event') && data.project === project;
        if (!messages.some(isOurs)) return;
        void queryClient.invalidateQueries({ queryKey: ['p', project, 'issues', 'arrivals'] });
      },
      [project],
    ),
  );

  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE);
    return () => clearTimeout(timer);
  }, []);

  const arrived = known && data ? data.items.filter((issue) => hasOccurred(issue, known)) : [];
  const last = data?.items[0];
  return (
    <>
      <div className={`${styles['wait']} ${arrived.length > 0 ? styles['arrived'] : ''}`} role="status">
        {arrived.length > 0 ? (
          <>
            <p className={styles['good']}>It arrived. The project is set up.</p>
            {arrived.slice(0, SHOWN).map((issue) => (
              <div key={issue.id} className={styles['event']}>
                <Link to={`/projects/${project}/issues/${issue.id}`}>{issue.title}</Link>
                <Severity of={issue.severity} />
                <Time at={issue.last_seen} />
              </div>
            ))}
          </>
        ) : (
          <>
            <p>
              <span className={styles['dot']} aria-hidden="true" />
              {/* What comes before the first answer cannot be told from what was there. */}
              {known ? 'Waiting for an event. It is shown here as soon as it comes in.' : 'Looking at what is there…'}
            </p>
            {last && (
              <p className="muted">
                The project's last event came <Time at={last.last_seen} />:{' '}
                <Link to={`/projects/${project}/issues/${last.id}`}>{last.title}</Link>
              </p>
            )}
          </>
        )}
      </div>
      {arrived.length === 0 && <NothingArrives project={project} sdk={sdk} dsn={dsn} start={start} isLate={isLate} />}
    </>
  );
}
