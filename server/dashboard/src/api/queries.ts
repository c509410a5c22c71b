/**
 * What the pages ask for, each under the key by which the live stream finds it again.
 *
 * Keys begin with `['p', project]` for whatever belongs to a project.
 */

import { QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import { api, read, rememberCsrf } from './client';
import { Problem } from './problem';

/** Asked again at most so often because of what the stream tells, in milliseconds. */
export const LIVE_AT_MOST_EVERY = 1_000;

/** What the server refuses stays refused; what did not reach it is tried again. */
function retry(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof Problem && error.mayPass;
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache(),
  defaultOptions: {
    queries: {
      retry,
      retryDelay: (attempt) => 500 * 2 ** attempt,
      // The stream tells of changes. Without it, polling does: see `live/`.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

/** Who is here, and what they see. */
export const me = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    const found = await read(api.GET('/api/v1/me', { signal }));
    rememberCsrf(found.csrf);
    return found;
  },
  staleTime: 60_000,
});

/** One issue with its details. */
export const issue = (project: number, id: number) =>
  queryOptions({
    queryKey: ['p', project, 'issue', id],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/issues/{issue}', { params: { path: { project, issue: id } }, signal })),
  });

/** Releases, environments and names of tags that can be filtered by. */
export const choices = (project: number, tag?: string) =>
  queryOptions({
    queryKey: ['p', project, 'choices', tag ?? ''],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/filters', {
          params: { path: { project }, query: tag ? { tag } : {} },
          signal,
        }),
      ),
    staleTime: 60_000,
  });

/** A project's own settings, and those in force. */
export const settings = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'settings'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/settings', { params: { path: { project } }, signal })),
  });

/** Keys and the DSNs that clients take. For members: viewers do not see keys. */
export const keys = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'keys'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/keys', { params: { path: { project } }, signal })),
  });

/** Where alerts go. */
export const channels = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'channels'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/channels', { params: { path: { project } }, signal })),
  });
