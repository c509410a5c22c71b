/**
 * The rows of a list: what is shown, in its order, and what has come since.
 *
 * A list of thousands is never asked for again as a whole. Its first page is, and is merged into what is known; the
 * stream tells how the others are.
 */

import type { Issue, PageOfIssue } from '../../api/schema';
import { newer } from '../../live/apply';
import type { Sort, Which } from './which';

export interface Rows {
  /** As they are shown. */
  items: Issue[];
  /** Where what is below begins; null when all of it is here. */
  next: string | null;
  /** What came meanwhile, and waits above until someone looks. */
  waiting: Issue[];
  /** Beneath those that came there are others that nobody asked for yet: the list begins anew with the first page. */
  hasGap: boolean;
  /** What an action took out of the list, with its version then: an answer from before that must not bring it back. */
  left: ReadonlyMap<number, number>;
  /** The rank of the first row when the first page was read last. */
  top: number;
}

/** How the one who looks at the list holds it. */
export interface Hold {
  /** They point at it, have the keyboard in it or have selected something: rows keep their order. */
  isHeld: boolean;
  /** They see its first row: what comes is put above it at once. */
  isAtTop: boolean;
}

/** By what issues are ordered, the highest first. */
function rank(issue: Issue, sort: Sort): number {
  return sort === 'opened' ? issue.id : issue.last_seen;
}

function sorted(items: readonly Issue[], sort: Sort): Issue[] {
  return [...items].sort((a, b) => rank(b, sort) - rank(a, sort) || b.id - a.id);
}

const OPEN = new Set(['unresolved', 'acknowledged', 'regressed']);

/** Whether an issue still is one of those that are asked for, as far as it says so itself. */
export function belongs(issue: Issue, { status, filters }: Which): boolean {
  if (issue.merged_into != null) return false;
  if (filters.severity && issue.severity !== filters.severity) return false;
  if (status === 'all') return true;
  return status === 'open' ? OPEN.has(issue.status.status) : issue.status.status === status;
}

/** Whether an issue that was answered comes into the list: not if it is as an action that took it out left it, or older. */
function comes(issue: Issue, which: Which, left: Rows['left']): boolean {
  const then = left.get(issue.id);
  return belongs(issue, which) && (then === undefined || issue.version > then);
}

/** The rows of a first page. */
export function begin(head: PageOfIssue, which: Which, left: Rows['left'] = new Map()): Rows {
  const [first] = head.items;
  return {
    items: head.items.filter((item) => comes(item, which, left)),
    left,
    next: head.next ?? null,
    waiting: [],
    hasGap: false,
    top: first ? rank(first, which.sort) : 0,
  };
}

/** Puts a first page that was read anew into what is known. */
export function merge(rows: Rows, head: PageOfIssue, which: Which, { isHeld, isAtTop }: Hold): Rows {
  const { sort } = which;
  const known = new Set(rows.items.map((item) => item.id));
  const read = new Map(head.items.map((item) => [item.id, item]));
  const last = head.items.at(-1);
  // More came since than a page has: what is between the page and the rows is not known.
  const hasGap = rows.hasGap || (head.next != null && last !== undefined && rank(last, sort) > rows.top);
  const isFree = isAtTop && !isHeld;
  if (hasGap && isFree) return begin(head, which, rows.left);
  const top = Math.max(rows.top, head.items[0] ? rank(head.items[0], sort) : 0);
  const fresh = head.items.filter((item) => !known.has(item.id) && comes(item, which, rows.left));
  let items = rows.items.map((item) => newer(read.get(item.id), item));
  if (isFree) {
    // A page that is the whole list tells also what has left it.
    items = items.filter((item) => belongs(item, which) && (head.next != null || read.has(item.id)));
    return { ...rows, items: sorted([...items, ...fresh], sort), waiting: [], hasGap, top };
  }
  if (isAtTop) return { ...rows, items: [...fresh, ...items], waiting: [], hasGap, top };
  return { ...rows, items, waiting: fresh, hasGap, top };
}

/** Shows what waits. */
export function show(rows: Rows, head: PageOfIssue | undefined, which: Which): Rows {
  if (rows.hasGap && head) return begin(head, which, rows.left);
  const known = new Set(rows.items.map((item) => item.id));
  const fresh = rows.waiting.filter((item) => !known.has(item.id));
  return { ...rows, items: [...fresh, ...rows.items], waiting: [] };
}

/** Puts the next page below. One that occurred meanwhile is above already. */
export function extend(rows: Rows, page: PageOfIssue, which: Which): Rows {
  const known = new Set([...rows.items, ...rows.waiting].map((item) => item.id));
  const more = page.items.filter((item) => !known.has(item.id) && comes(item, which, rows.left));
  return { ...rows, items: [...rows.items, ...more], next: page.next ?? null };
}

/** Takes what an action answered: rows that no longer belong go, the others are as they are now. */
export function take(rows: Rows, changed: readonly Issue[], gone: readonly number[], which: Which): Rows {
  const now = new Map(changed.map((issue) => [issue.id, issue]));
  const away = new Set(gone);
  const items = rows.items
    .filter((item) => !away.has(item.id))
    .map((item) => newer(now.get(item.id), item))
    .filter((item) => !now.has(item.id) || belongs(item, which));
  const left = new Map(rows.left);
  for (const id of gone) left.set(id, Number.POSITIVE_INFINITY);
  for (const issue of changed) if (!belongs(issue, which)) left.set(issue.id, issue.version);
  return { ...rows, items, left };
}
