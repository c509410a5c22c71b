import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import type { Counts } from '../../api/schema';
import { Tabs } from '../../ui/controls';
import { compact } from '../../ui/format';
import styles from './issues.module.css';
import { type Filters, STANDINGS, type Standing, toSearch, type Which } from './which';

const NAMES: Record<Standing, string> = {
  open: 'Open',
  unresolved: 'Unresolved',
  regressed: 'Regressed',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  ignored: 'Ignored',
  all: 'All',
};

const OF: Partial<Record<Standing, readonly Standing[]>> = {
  open: ['unresolved', 'acknowledged', 'regressed'],
  all: ['unresolved', 'acknowledged', 'regressed', 'resolved', 'ignored'],
};

/** How many issues stand where, of those that the filters let through. */
export function useCounts(project: number, filters: Filters): Counts | undefined {
  return useQuery({
    queryKey: ['p', project, 'counts', JSON.stringify(filters)],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/counts', { params: { path: { project }, query: filters }, signal })),
    placeholderData: (before) => before,
  }).data;
}

/** How many there are of a tab. */
export function countOf(counts: Counts, status: Standing): number {
  const names = OF[status] ?? [status];
  return names.reduce((sum, name) => sum + (counts.statuses[name] ?? 0), 0);
}

export function Statuses({ which, counts }: { which: Which; counts: Counts | undefined }) {
  return (
    <Tabs
      label="Status"
      tabs={STANDINGS.map((status) => ({
        to: toSearch({ ...which, status }) || '?',
        isHere: status === which.status,
        name: (
          <>
            {NAMES[status]} <span className={styles['tabCount']}>{counts ? compact(countOf(counts, status)) : ''}</span>
          </>
        ),
      }))}
    />
  );
}
