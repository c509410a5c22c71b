/** Which issues are asked for, as the address says it: a link shows the same list. */

import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { Severity } from '../../api/schema';

/** Where issues may be asked to stand. `open` is what there is something to do about. */
export const STANDINGS = ['open', 'unresolved', 'regressed', 'acknowledged', 'resolved', 'ignored', 'all'] as const;
export type Standing = (typeof STANDINGS)[number];

/** The most urgent first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const satisfies readonly Severity[];

const SORTS = ['last_seen', 'opened'] as const;
export type Sort = (typeof SORTS)[number];

/** What can be asked for beside the status; absent is any. */
export interface Filters {
  severity?: Severity;
  environment?: string;
  release?: string;
  new_in?: string;
  query?: string;
  tag?: string;
  user?: string;
  event?: string;
  trace?: string;
}

export interface Which {
  status: Standing;
  sort: Sort;
  filters: Filters;
}

/** Texts that stand in the address as they are. */
const TEXTS = ['environment', 'release', 'new_in', 'query', 'tag', 'user', 'event', 'trace'] as const;

function one<T extends string>(text: string | null, of: readonly T[]): T | undefined {
  return of.find((known) => known === text);
}

/** Reads an address. What nothing can be asked for by is passed over. */
export function parse(params: URLSearchParams): Which {
  const filters: Filters = {};
  const severity = one(params.get('severity'), SEVERITIES);
  if (severity) filters.severity = severity;
  for (const name of TEXTS) {
    const text = params.get(name)?.trim();
    if (text) filters[name] = text;
  }
  // The server takes no other, and a link may be cut off.
  if (filters.tag && !filters.tag.includes(':')) delete filters.tag;
  for (const name of ['event', 'trace'] as const) {
    if (filters[name] && !isId(filters[name])) delete filters[name];
  }
  return {
    status: one(params.get('status'), STANDINGS) ?? 'open',
    sort: one(params.get('sort'), SORTS) ?? 'last_seen',
    filters,
  };
}

/** Whether a text is an event's or a trace's id. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{32}$/i.test(text.replaceAll('-', ''));
}

/** The address' part behind the question mark. What is usual is left out. */
export function toSearch({ status, sort, filters }: Which): string {
  const params = new URLSearchParams();
  if (status !== 'open') params.set('status', status);
  // In the same order however they were chosen: the same list has one address.
  for (const name of ['severity', ...TEXTS] as const) {
    const value = filters[name];
    if (value) params.set(name, value);
  }
  if (sort !== 'last_seen') params.set('sort', sort);
  return params.size > 0 ? `?${params}` : '';
}

/** What the API is asked. */
export function toQuery({ status, sort, filters }: Which) {
  return { ...filters, ...(status === 'all' ? {} : { status }), sort };
}

/** Whether anything but the status narrows the list. */
export function isFiltered({ filters }: Which): boolean {
  return Object.keys(filters).length > 0;
}

/** What is asked for, and how it is changed: each change is a step that the browser can take back. */
export function useWhich(): [Which, (next: Which) => void] {
  const [params, setParams] = useSearchParams();
  const which = useMemo(() => parse(params), [params]);
  return [which, (next) => setParams(new URLSearchParams(toSearch(next)))];
}
