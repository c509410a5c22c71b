import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, read } from '../../api/client';
import type { Issue } from '../../api/schema';

/** Issues that one request asks for. */
const AT_ONCE = 100;
/** Rows that are only passed by are not asked for, in milliseconds. */
const SETTLED = 120;
/** How often it is seen whether there is more, and how old what is shown may be. */
const LOOK_EVERY = 10_000;
const OLD = 60_000;

interface Known {
  hours: readonly number[];
  at: number;
  raw: number;
}

export type Activity = ReadonlyMap<number, Known>;
const NOTHING: Activity = new Map();

/** When issues of a project occurred in the last 24 hours, by the hour; of those that are `wanted`. */
export function useActivity(project: number, wanted: readonly Issue[]): Activity {
  const client = useQueryClient();
  const queryKey = ['p', project, 'activity'];
  const { data = NOTHING } = useQuery<Activity>({ queryKey, queryFn: skipToken, staleTime: 'static' });
  const latest = useRef(wanted);
  latest.current = wanted;
  const ids = wanted.map((issue) => issue.id).join(',');

  useEffect(() => {
    if (ids === '') return;
    const key = ['p', project, 'activity'];
    const end = new AbortController();
    const look = async () => {
      const known = client.getQueryData<Activity>(key) ?? NOTHING;
      const due = latest.current.filter((issue) => isOld(known.get(issue.id), issue)).slice(0, AT_ONCE);
      if (due.length === 0 || document.hidden) return;
      const query = { issues: due.map((issue) => issue.id).join(',') };
      const { items } = await read(
        api.GET('/api/v1/projects/{project}/activity', { params: { path: { project }, query }, signal: end.signal }),
      );
      const raw = new Map(due.map((issue) => [issue.id, issue.raw]));
      const at = performance.now();
      client.setQueryData<Activity>(key, (before = NOTHING) => {
        const next = new Map(before);
        for (const { issue, hours } of items) next.set(issue, { hours, at, raw: raw.get(issue) ?? 0 });
        return next;
      });
    };
    // A picture beside the numbers: without it the list says what there is, and it is tried again.
    const tryLook = () => void look().catch(() => undefined);
    const soon = setTimeout(tryLook, SETTLED);
    const often = setInterval(tryLook, LOOK_EVERY);
    return () => {
      clearTimeout(soon);
      clearInterval(often);
      end.abort();
    };
  }, [client, project, ids]);
  return data;
}

/** The same of one issue, once someone has asked for it. */
export function useHours({ project, id }: Issue): readonly number[] | undefined {
  return useQuery<Activity, Error, readonly number[] | undefined>({
    queryKey: ['p', project, 'activity'],
    queryFn: skipToken,
    staleTime: 'static',
    select: (known) => known.get(id)?.hours,
  }).data;
}

function isOld(known: Known | undefined, issue: Issue): boolean {
  if (!known) return true;
  const age = performance.now() - known.at;
  return age > OLD || (age > LOOK_EVERY && known.raw !== issue.raw);
}
