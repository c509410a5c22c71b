/** What the stream tells, put into what was asked for. */

import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { LIVE_AT_MOST_EVERY } from '../api/queries';
import type { Issue, PageOfIssue, Whole } from '../api/schema';
import { news } from './news';
import type { Happened, Message } from './messages';
import { refresh } from './refresh';

/** Counts that go on move rows: lists are asked for again for that alone at most so often, in milliseconds. */
const ORDER_AT_MOST_EVERY = 5_000;

/** Keys that are to be asked for again, by their name, and from when on. */
const due = new Map<string, { queryKey: readonly unknown[]; from: number }>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks again, soon, and once for all that happens until then. */
function later(client: QueryClient, queryKey: readonly unknown[], within = LIVE_AT_MOST_EVERY): void {
  const name = JSON.stringify(queryKey);
  const from = performance.now() + within;
  const known = due.get(name);
  if (!known || from < known.from) due.set(name, { queryKey, from });
  if (timer === undefined) timer = setTimeout(() => ask(client), LIVE_AT_MOST_EVERY);
}

function ask(client: QueryClient): void {
  timer = undefined;
  // A timer may be early by a fraction.
  const time = performance.now() + 10;
  for (const [name, { queryKey, from }] of due) {
    // What is on its way is let come: of a server that needs longer than this nothing would ever be heard.
    if (from > time || client.isFetching({ queryKey, type: 'active' }) > 0) continue;
    due.delete(name);
    void refresh(client, { queryKey });
  }
  if (due.size > 0) timer = setTimeout(() => ask(client), LIVE_AT_MOST_EVERY);
}

/** What changes whenever something happens to an issue of the project. */
const OF_EVENTS = ['issues', 'counts', 'feed'];

/** Takes entries of the stream. */
export function apply(client: QueryClient, messages: Message[]): void {
  const changed = new Map<number, Map<number, Issue>>();
  const happened: Happened[] = [];
  for (const { name, data } of messages) {
    if (name === 'reset') {
      void refresh(client);
    } else if (name === 'issue') {
      const ofProject = changed.get(data.project) ?? new Map<number, Issue>();
      changed.set(data.project, ofProject.set(data.id, data));
    } else if (name === 'event') {
      happened.push(data);
      for (const kind of OF_EVENTS) later(client, ['p', data.project, kind]);
      if (data.event === 'settings') later(client, ['p', data.project, 'settings']);
      else later(client, ['p', data.project, 'issue', data.issue]);
    } else if (name === 'alert') {
      later(client, ['p', data.project, 'deliveries']);
    }
  }
  news.note(happened);
  for (const [project, issues] of changed) patch(client, project, issues);
}

/** An issue that is on screen is shown as it is now, at once. */
function patch(client: QueryClient, project: number, issues: ReadonlyMap<number, Issue>): void {
  const lists = { queryKey: ['p', project, 'issues'] };
  client.setQueriesData<InfiniteData<PageOfIssue> | PageOfIssue>(lists, (list) => {
    if (!list) return list;
    if ('items' in list) return renewed(list, issues);
    if (!('pages' in list)) return list;
    const pages = list.pages.map((page) => renewed(page, issues));
    return pages.every((page, index) => page === list.pages[index]) ? list : { ...list, pages };
  });
  later(client, lists.queryKey, ORDER_AT_MOST_EVERY);
  for (const [id, issue] of issues) {
    const queryKey = ['p', project, 'issue', id];
    const known = client.getQueryData<Whole>(queryKey);
    if (!known || !isNewer(issue, known.issue)) continue;
    client.setQueryData<Whole>(queryKey, { ...known, issue });
    // Its occurrences, tags and hours have changed as well.
    later(client, queryKey);
    later(client, ['p', project, 'occurrences', id]);
  }
}

/** The same page if none of its issues is newer. */
function renewed(page: PageOfIssue, issues: ReadonlyMap<number, Issue>): PageOfIssue {
  if (!page.items.some((item) => isNewer(issues.get(item.id), item))) return page;
  return { ...page, items: page.items.map((item) => newer(issues.get(item.id), item)) };
}

function isNewer(told: Issue | undefined, known: Issue): told is Issue {
  return told !== undefined && (told.version > known.version || told.raw > known.raw);
}

/** How an issue is now, of two that were told of it. */
export function newer(told: Issue | undefined, known: Issue): Issue {
  return isNewer(told, known) ? told : known;
}
