/** What the page of releases asks for. Sessions are counted without a word in the stream: they are asked for again. */

import { queryOptions } from '@tanstack/react-query';
import { api, read } from '../../api/client';

const AGAIN_EVERY = 30_000;
/** New issues that are listed beside a release; a link leads to all. */
const MOST_ISSUES = 5;

/** A page of releases, with the sessions of one environment, if it is named. */
export const releases = (project: number, environment: string, after: string) =>
  queryOptions({
    queryKey: ['p', project, 'releases', environment, after],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/releases', {
          params: { path: { project }, query: { ...(environment && { environment }), ...(after && { after }) } },
          signal,
        }),
      ),
    refetchInterval: AGAIN_EVERY,
  });

/** Sessions by the hour, the last first: of a release, or of all. */
export const sessions = (project: number, release: string, environment: string, hours: number) =>
  queryOptions({
    queryKey: ['p', project, 'releases', 'sessions', release, environment, hours],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/sessions', {
          params: {
            path: { project },
            query: { limit: hours, ...(release && { release }), ...(environment && { environment }) },
          },
          signal,
        }),
      ),
    refetchInterval: AGAIN_EVERY,
  });

/** The issues that occurred first in a release, the last opened first. */
export const newIn = (project: number, release: string) =>
  queryOptions({
    queryKey: ['p', project, 'releases', 'new', release],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/issues', {
          params: { path: { project }, query: { new_in: release, sort: 'opened', limit: MOST_ISSUES } },
          signal,
        }),
      ),
  });
