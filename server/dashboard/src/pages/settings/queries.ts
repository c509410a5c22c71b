/** What the settings ask for. What can be changed by several comes with its tag, by which a lost update is found out. */

import { queryOptions } from '@tanstack/react-query';
import { api, read } from '../../api/client';

/** A project's settings, with their tag. */
export const taggedSettings = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'settings', 'tagged'],
    queryFn: async ({ signal }) => {
      const { data, response } = await api.GET('/api/v1/projects/{project}/settings', {
        params: { path: { project } },
        signal,
      });
      if (!data) throw new Error('The server answered nothing.');
      return { ...data, tag: response.headers.get('etag') ?? '*' };
    },
  });

/** A project, with its tag. */
export const taggedProject = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'project', 'tagged'],
    queryFn: async ({ signal }) => {
      const { data, response } = await api.GET('/api/v1/projects/{project}', { params: { path: { project } }, signal });
      if (!data) throw new Error('The server answered nothing.');
      return { ...data, tag: response.headers.get('etag') ?? '*' };
    },
  });

/** Who is in a project. */
export const members = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'members'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/members', { params: { path: { project } }, signal })),
  });

/** Who is invited to it. For its admins. */
export const invitations = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'invitations'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/invitations', { params: { path: { project } }, signal })),
  });
