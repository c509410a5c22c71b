import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, read } from '../../api/client';
import type { Issue } from '../../api/schema';
import { begin, extend, type Hold, merge, type Rows, show, take } from './rows';
import { toQuery, type Which } from './which';

/** Rows that are asked for at once: the most that the server answers. */
const PAGE = 100;

/** The issues that are asked for, page by page, and as they are now. */
export function useList(project: number, which: Which, hold: RefObject<Hold>) {
  const client = useQueryClient();
  const name = JSON.stringify(toQuery(which));
  const key = useMemo(() => ['p', project, 'issues', 'rows', name], [project, name]);

  // The first page is what the stream has asked for again.
  const head = useQuery({
    queryKey: ['p', project, 'issues', 'head', name],
    queryFn: ({ signal }) => page(project, which, undefined, signal),
    staleTime: 0,
  });
  // Thousands of rows are not held against each other, field by field.
  const { data: known } = useQuery<Rows>({
    queryKey: key,
    queryFn: skipToken,
    staleTime: 'static',
    structuralSharing: false,
  });
  const data = head.data;
  const rows = known ?? (data && begin(data, which));

  useEffect(() => {
    if (!data) return;
    client.setQueryData<Rows>(key, (rows) => (rows ? merge(rows, data, which, hold.current) : begin(data, which)));
  }, [client, key, data, which, hold]);

  const [failure, setFailure] = useState<unknown>();
  const asked = useRef('');
  const more = useCallback(async () => {
    const next = client.getQueryData<Rows>(key)?.next;
    const what = `${name} ${next}`;
    if (!next || asked.current === what) return;
    asked.current = what;
    setFailure(undefined);
    try {
      const found = await page(project, which, next);
      client.setQueryData<Rows>(key, (rows) => (rows?.next === next ? extend(rows, found, which) : rows));
    } catch (error) {
      setFailure(error);
    } finally {
      if (asked.current === what) asked.current = '';
    }
  }, [client, key, name, project, which]);

  return {
    rows,
    error: rows ? undefined : head.error,
    retry: () => void head.refetch(),
    /** Asks for what is below. */
    more,
    /** What went wrong with that. */
    failure,
    /** Shows what waits above. */
    show: useCallback(
      () => client.setQueryData<Rows>(key, (rows) => rows && show(rows, data, which)),
      [client, key, data, which],
    ),
    /** Takes what an action answered. */
    take: useCallback(
      (changed: readonly Issue[], gone: readonly number[] = []) =>
        client.setQueryData<Rows>(key, (rows) => rows && take(rows, changed, gone, which)),
      [client, key, which],
    ),
  };
}

export type List = ReturnType<typeof useList>;

function page(project: number, which: Which, after: string | undefined, signal?: AbortSignal) {
  const query = { ...toQuery(which), limit: PAGE, ...(after ? { after } : {}) };
  return read(
    api.GET('/api/v1/projects/{project}/issues', {
      params: { path: { project }, query },
      ...(signal ? { signal } : {}),
    }),
  );
}
