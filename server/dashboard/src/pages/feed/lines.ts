/** Lines of the feed: those that are there, and those that come. What was once written stays as it is. */

import { queryOptions } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import type { IssueEvent, Line } from '../../api/schema';

/** Lines on a page. */
const PAGE = 50;
/** The server does not choose by kind: of what is chosen from, so many are asked for at once, and so often for one page. */
const WIDE = 200;
const REQUESTS = 5;
/** A page that is open for long keeps so many. Who wants older ones turns the page. */
const KEPT = 200;

/** A part of the feed, the newest first. */
export interface Part {
  lines: Line[];
  /** Number of the newest line that was looked at, of whichever kind. */
  top: number;
  /** What is older is behind this; none if there is nothing. */
  next: number | undefined;
  /** When the oldest line happened that was looked at, of whichever kind. */
  since: number | undefined;
}

type Kinds = readonly IssueEvent[];

async function page(project: number, after: number | undefined, limit: number, signal: AbortSignal) {
  const query = after === undefined ? { limit } : { after, limit };
  const asked = api.GET('/api/v1/projects/{project}/feed', { params: { path: { project }, query }, signal });
  const { items, next } = await read(asked);
  return { items, next: next ? Number(next) : undefined };
}

function ofKinds(lines: Line[], kinds: Kinds): Line[] {
  return kinds.length === 0 ? lines : lines.filter(({ event }) => kinds.includes(event));
}

/** A page of lines of some kinds, from `after` on. */
async function collect(project: number, kinds: Kinds, after: number | undefined, signal: AbortSignal): Promise<Part> {
  const part: Part = { lines: [], top: 0, next: after, since: undefined };
  for (let request = 0; request < REQUESTS && part.lines.length < PAGE; request += 1) {
    const { items, next } = await page(project, part.next, kinds.length === 0 ? PAGE : WIDE, signal);
    part.lines.push(...ofKinds(items, kinds));
    part.top = Math.max(part.top, items[0]?.number ?? 0);
    part.since = items.at(-1)?.time ?? part.since;
    part.next = next;
    if (next === undefined) break;
  }
  return part;
}

/** What is known with what came since on top; none if so much came that there is a gap, or if others are there. */
async function grow(project: number, kinds: Kinds, known: Part, signal: AbortSignal): Promise<Part | undefined> {
  const fresh: Line[] = [];
  let after: number | undefined;
  for (let request = 0; request < REQUESTS; request += 1) {
    const { items, next } = await page(project, after, request === 0 ? PAGE : WIDE, signal);
    // A backup was restored.
    if (request === 0 && (items[0]?.number ?? 0) < known.top) return undefined;
    const newer = items.filter(({ number }) => number > known.top);
    fresh.push(...newer);
    if (newer.length < items.length || next === undefined) {
      const lines = [...ofKinds(fresh, kinds), ...known.lines];
      const grown = { ...known, lines, top: fresh[0]?.number ?? known.top };
      if (lines.length <= KEPT) return grown;
      const kept = lines.slice(0, KEPT);
      return { ...grown, lines: kept, next: kept.at(-1)?.number, since: kept.at(-1)?.time };
    }
    after = next;
  }
  return undefined;
}

/**
 * A page of the feed: the newest lines, which the stream has asked for again whenever something happens, or those that
 * are older than `before`, to which nothing is added.
 */
export const part = (project: number, kinds: Kinds, before: number | undefined) =>
  queryOptions({
    queryKey: ['p', project, before === undefined ? 'feed' : 'past', kinds.join(), before ?? 0],
    queryFn: async ({ client, queryKey, signal }): Promise<Part> => {
      const known = before === undefined ? client.getQueryData<Part>(queryKey) : undefined;
      const grown = known && known.top > 0 ? await grow(project, kinds, known, signal) : undefined;
      return grown ?? collect(project, kinds, before, signal);
    },
  });
