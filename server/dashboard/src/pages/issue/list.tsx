/** All stored occurrences: a list of any length, of which only what is seen is made. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { Link } from 'react-router';
import type { Issue } from '../../api/schema';
import { queryClient } from '../../api/queries';
import { Button } from '../../ui/controls';
import { moment, whole } from '../../ui/format';
import { Empty, Failure, Loading } from '../../ui/page';
import { Time } from '../../ui/show';
import { newest, occurrences } from './asked';
import styles from './list.module.css';

const ROW = 40;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 40;

export function Occurrences({ issue, shown }: { issue: Issue; shown: string | undefined }) {
  const ask = occurrences(issue.project, issue.id);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery(ask);
  const latest = useQuery(newest(issue.project, issue.id)).data?.items[0]?.event_id;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    useFlushSync: false,
  });
  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !error && last >= items.length - AHEAD) void fetchNextPage();
  }, [last, items.length, hasNextPage, isFetchingNextPage, error, fetchNextPage]);
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  if (items.length === 0) {
    return (
      <Empty title="No occurrence is stored">
        <p>Occurrences of this issue are counted; none of their contents are kept any more.</p>
      </Empty>
    );
  }
  const hasNewer = latest !== undefined && latest !== items[0]?.event_id;
  return (
    <div className={styles['list']}>
      <div className={styles['head']}>
        <span className="muted">
          {hasNextPage ? `The newest ${whole(items.length)} of those that are stored` : `${whole(items.length)} stored`}
        </span>
        {hasNewer && (
          <Button look="quiet" onPress={() => void queryClient.resetQueries({ queryKey: ask.queryKey })}>
            There are newer ones: show them
          </Button>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard. */}
      <section ref={box} className={styles['box']} tabIndex={0} aria-label="Stored occurrences">
        <ul style={{ height: `${rows.getTotalSize()}px` }}>
          {visible.map(({ index, start }) => {
            const item = items[index];
            if (!item) return null;
            return (
              <li key={item.event_id} style={{ transform: `translateY(${start}px)` }}>
                <Link
                  to={`?event=${item.event_id}`}
                  {...(item.event_id === shown ? { 'aria-current': 'true' as const } : {})}
                >
                  <code>{item.event_id}</code>
                </Link>
                <span className={styles['moment']}>{moment(item.time)}</span>
                <Time at={item.time} className="muted" />
              </li>
            );
          })}
        </ul>
      </section>
      {error && <Failure error={error} onRetry={() => void fetchNextPage()} />}
    </div>
  );
}
