/** What the stream tells, put into what was asked for. */

import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { LIVE_AT_MOST_EVERY } from '../api/queries';
import type { Issue, PageOfIssue, Whole } from '../api/schema';
import { news } from './news';
import type { Happened, Message } from './messages';
import { refresh } from './refresh';

/** Keys that are to be asked for again, by their name. */
const due = new Map<string, readonly unknown[]>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks again, soon, and once for all that happens until then. */
function later(client: QueryClient, key: readonly unknown[]): void {
  due.set(JSON.stringify(key), key);
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    const keys = [...due.values()];
    due.clear();
    for (const queryKey of keys) void refresh(client, { queryKey });
  }, LIVE_AT_MOST_EVERY);
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
function patch(client: QueryClient, project: number, issues: Map<number, Issue>): void {
  client.setQueriesData<InfiniteData<PageOfIssue>>({ queryKey: ['p', project, 'issues'] }, (lists) => {
    if (!lists || !('pages' in lists)) return lists;
    let isSame = true;
    const pages = lists.pages.map((page) => {
      if (!page.items.some((item) => isNewer(issues.get(item.id), item))) return page;
      isSame = false;
      return { ...page, items: page.items.map((item) => newer(issues.get(item.id), item)) };
    });
    return isSame ? lists : { ...lists, pages };
  });
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

function isNewer(told: Issue | undefined, known: Issue): told is Issue {
  return told !== undefined && (told.version > known.version || told.raw > known.raw);
}

function newer(told: Issue | undefined, known: Issue): Issue {
  return isNewer(told, known) ? told : known;
}
