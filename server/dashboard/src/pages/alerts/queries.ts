/** What the pages of alerts ask for. The stream says when something is to be told; what came of it is asked for. */

import { queryOptions } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import type { Channel, Message, MessageState, Rule } from '../../api/schema';

/** While a message waits, something comes of it soon. */
const WAITING_AGAIN = 2_000;
const AGAIN = 10_000;

/** What was read, and the tag that says whether it still is so. */
export interface Tagged<T> {
  value: T;
  tag: string;
}

const tagOf = (response: Response) => response.headers.get('etag') ?? '*';

/** All rules of a project. */
export const rules = (project: number) =>
  queryOptions({
    queryKey: ['p', project, 'rules'],
    queryFn: async ({ signal }): Promise<Tagged<Rule[]>> => {
      const path = { project };
      const { data, response } = await api.GET('/api/v1/projects/{project}/rules', { params: { path }, signal });
      return { value: data?.items ?? [], tag: tagOf(response) };
    },
  });

/** Replaces all rules, if they are as they were read. */
export async function putRules(project: number, { value, tag }: Tagged<Rule[]>): Promise<Tagged<Rule[]>> {
  const { data, response } = await api.PUT('/api/v1/projects/{project}/rules', {
    params: { path: { project }, header: { 'If-Match': tag } },
    body: { items: value },
  });
  return { value: data?.items ?? [], tag: tagOf(response) };
}

/** One channel, to be changed. */
export async function readChannel(project: number, channel: number): Promise<Tagged<Channel>> {
  const { data, response } = await api.GET('/api/v1/projects/{project}/channels/{channel}', {
    params: { path: { project, channel } },
  });
  return { value: data as Channel, tag: tagOf(response) };
}

export interface Which {
  channel?: number | undefined;
  state?: MessageState | undefined;
  after?: string;
  limit?: number;
}

const mayChange = (message: Message) => message.state === 'pending';

/** Messages, the newest first. */
export const deliveries = (project: number, { channel, state, after, limit }: Which) =>
  queryOptions({
    queryKey: ['p', project, 'deliveries', channel ?? '', state ?? '', after ?? '', limit ?? ''],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/projects/{project}/deliveries', {
          params: {
            path: { project },
            query: {
              ...(channel === undefined ? {} : { channel }),
              ...(state ? { state } : {}),
              ...(after ? { after: Number(after) } : {}),
              ...(limit ? { limit } : {}),
            },
          },
          signal,
        }),
      ),
    refetchInterval: ({ state: { data } }) => (data?.items.some(mayChange) ? WAITING_AGAIN : AGAIN),
  });
