/** What this page asks for beside the issue itself. */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, read } from '../../api/client';

/** The last stored occurrence. The stream tells when there is another. */
export const newest = (project: number, issue: number) =>
  queryOptions({
    queryKey: ['p', project, 'occurrences', issue],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/issues/{issue}/occurrences', {
          params: { path: { project, issue }, query: { limit: 1 } },
          signal,
        }),
      ),
  });

/** Occurrences of a page of their list. */
const PAGE = 100;

/**
 * The list of stored occurrences, page by page. Its key is none that the stream knows: a list of a thousand pages is not
 * asked for again each second.
 */
export const occurrences = (project: number, issue: number) =>
  infiniteQueryOptions({
    queryKey: ['p', project, 'all-occurrences', issue],
    queryFn: ({ signal, pageParam }) =>
      read(
        api.GET('/api/v1/projects/{project}/issues/{issue}/occurrences', {
          params: {
            path: { project, issue },
            query: { limit: PAGE, ...(pageParam === null ? {} : { after: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next ?? null,
    staleTime: Number.POSITIVE_INFINITY,
    // Pages stay as they came: a thousand of them are not compared whenever one more comes.
    structuralSharing: false,
  });

/** An occurrence with all that is stored of it: it does not change. */
export const event = (project: number, id: string) =>
  queryOptions({
    queryKey: ['p', project, 'event', id],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/events/{event}', { params: { path: { project, event: id } }, signal })),
    staleTime: 300_000,
  });

/** Why an occurrence is of its issue. */
export const grouping = (project: number, id: string) =>
  queryOptions({
    queryKey: ['p', project, 'grouping', id],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/events/{event}/grouping', {
          params: { path: { project, event: id } },
          signal,
        }),
      ),
    staleTime: 300_000,
  });

/** Issues that are like one. */
export const similar = (project: number, issue: number) =>
  queryOptions({
    queryKey: ['p', project, 'similar', issue],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/issues/{issue}/similar', { params: { path: { project, issue } }, signal }),
      ),
    staleTime: 60_000,
  });

/** Open issues that words find, for a merge. */
export const found = (project: number, query: string) =>
  queryOptions({
    queryKey: ['p', project, 'merge-with', query],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/issues', {
          params: { path: { project }, query: { limit: 20, ...(query ? { query } : {}) } },
          signal,
        }),
      ),
  });
