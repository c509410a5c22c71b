/** One occurrence: the newest as the page was opened, or the one that the address names. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Issue, Missing, StoredEvent } from '../../api/schema';
import { Button } from '../../ui/controls';
import { Empty, Failure, Loading } from '../../ui/page';
import { Time } from '../../ui/show';
import { problem } from '../../api/problem';
import { event, newest } from './asked';
import { Crumbs } from './crumbs';
import { Filtered } from './filtered';
import styles from './occurrence.module.css';
import { readPayload } from './payload';
import { Errors, Threads } from './stack';
import { Surroundings } from './surroundings';
import { Text } from './value';

/** Which occurrence is shown, and how another one is. */
export function useShown({ project, id, raw }: Issue) {
  const [params, setParams] = useSearchParams();
  const named = params.get('event');
  const latest = useQuery(newest(project, id));
  const last = latest.data?.items[0]?.event_id;
  // There are more of it: however that was learnt, another one may be the last.
  const counted = useRef(raw);
  const askAgain = latest.refetch;
  useEffect(() => {
    if (counted.current === raw) return;
    counted.current = raw;
    void askAgain();
  }, [raw, askAgain]);
  // Who reads one is not taken to another because it happened again.
  const [opened, setOpened] = useState<string>();
  if (opened === undefined && last !== undefined) setOpened(last);
  const shown = named ?? opened;
  const show = (wanted: string) =>
    setParams(
      (now) => {
        now.set('event', wanted);
        return now;
      },
      { preventScrollReset: true },
    );
  const { data, error, refetch } = useQuery({ ...event(project, shown ?? ''), enabled: shown !== undefined });
  const isLast = data !== undefined && data.newer === null && data.payload !== null;
  // It was the last when it was asked for, and is no more.
  useEffect(() => {
    if (isLast && last !== undefined && last !== data?.event_id) void refetch();
  }, [isLast, last, data?.event_id, refetch]);
  return {
    data,
    error: error ?? (shown === undefined ? latest.error : null),
    isNone: latest.isSuccess && shown === undefined,
    hasNewer: last !== undefined && shown !== undefined && last !== shown && opened !== last,
    showLast: () => {
      setOpened(last);
      setParams(
        (now) => {
          now.delete('event');
          return now;
        },
        { preventScrollReset: true },
      );
    },
    show,
    retry: () => void refetch(),
  };
}

export type Shown = ReturnType<typeof useShown>;

export function Occurrence({ shown, project, issue }: { shown: Shown; project: number; issue: number }) {
  const { data, error } = shown;
  if (error) {
    if (problem(error).status === 404) {
      return (
        <Empty title="This occurrence is not there">
          <p>It may be older than what is kept, or the address may be mistyped.</p>
          <Button onPress={shown.showLast}>Show the newest</Button>
        </Empty>
      );
    }
    return <Failure error={error} onRetry={shown.retry} />;
  }
  if (shown.isNone) {
    return (
      <Empty title="No occurrence is stored">
        <p>Occurrences of this issue are counted; none of their contents are kept any more.</p>
      </Empty>
    );
  }
  if (!data) return <Loading lines={14} />;
  if (data.issue !== issue) {
    return (
      <Empty title="This occurrence is of another issue">
        <p>It was counted there, or moved there by a merge.</p>
        <Button onPress={shown.showLast}>Show the newest of this one</Button>
      </Empty>
    );
  }
  return <Stored of={data} shown={shown} project={project} key={data.event_id} />;
}

const WHY: Record<Missing, [string, string]> = {
  not_kept: [
    'Only the count of this occurrence is kept',
    'Of an issue that occurs often, some occurrences are stored.',
  ],
  gone: ['What was stored of this occurrence is gone', 'Its file is no longer on the disk of the server.'],
  damaged: [
    'What was stored of this occurrence is damaged',
    'The disk does not give it back as it was written. The log of the server has more.',
  ],
};

function Stored({ of, shown, project }: { of: StoredEvent; shown: Shown; project: number }) {
  const read = useMemo(() => (of.payload ? readPayload(of.payload) : undefined), [of.payload]);
  const [title, more] = WHY[of.missing ?? 'not_kept'];
  return (
    <div className={styles['occurrence']}>
      <div>
        <div className={styles['pager']}>
          <div className={styles['which']}>
            <span>Occurrence {read?.time !== undefined && <Time at={read.time} />}</span>
            <code>{of.event_id}</code>
          </div>
          <div className={styles['turns']}>
            <Button isDisabled={of.older === null} onPress={() => of.older && shown.show(of.older)}>
              ← Older
            </Button>
            <Button isDisabled={of.newer === null} onPress={() => of.newer && shown.show(of.newer)}>
              Newer →
            </Button>
          </div>
        </div>
      </div>
      {shown.hasNewer && (
        <div className={styles['newer']} role="status">
          It occurred again since.
          <Button look="quiet" onPress={shown.showLast}>
            Show the newest
          </Button>
        </div>
      )}
      {read ? (
        <>
          {read.message && (
            <p className={styles['said']}>
              <Text of={read.message} />
              {read.template && read.template !== read.message && (
                <>
                  <br />
                  <span className="muted">
                    from <Text of={read.template} />
                  </span>
                </>
              )}
            </p>
          )}
          {read.thrown.length > 0 && <Errors of={read} />}
          <Threads of={read} />
          <Crumbs of={read} />
          <Surroundings of={read} project={project} />
          <Filtered of={read} />
        </>
      ) : (
        <Empty title={title}>
          <p>{more}</p>
          <Button onPress={shown.showLast}>Show the newest</Button>
        </Empty>
      )}
    </div>
  );
}
