/** What happened to an issue, in words. */

import type { HistoryLine, Status } from '../../api/schema';
import { duration, moment, plural, whole } from '../../ui/format';
import { statusDetail, statusName } from '../../ui/show';

type Detail = { [name: string]: unknown };

function object(value: unknown): Detail {
  return typeof value === 'object' && value !== null ? (value as Detail) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** What a person or a rule did. */
function done(detail: Detail): string {
  const did = object(detail['did']);
  switch (did['move']) {
    case 'reopen':
      return 'Opened again';
    case 'acknowledge':
      return 'Acknowledged';
    case 'resolve':
      return 'Resolved';
    case 'resolve_in_release':
      return `Resolved in ${text(did['release'])}`;
    case 'resolve_in_next_release':
      return 'Resolved in the next release';
    case 'ignore':
      return 'Ignored for good';
    case 'ignore_until_next_release':
      return 'Ignored until the next release';
    case 'ignore_until_count':
      return `Ignored until ${plural(count(did['count']), 'more occurrence', 'more occurrences')}`;
    case 'ignore_until_time':
      return `Ignored until ${moment(count(did['time']))}`;
    case 'merge': {
      const issues = Array.isArray(did['issues']) ? did['issues'] : [];
      return `Merged with ${issues.map((id) => `#${id}`).join(', ')}`;
    }
    case 'unmerge':
      return 'What was merged is given back';
  }
  const status = object(detail['status']) as Partial<Status>;
  return status.status ? `Now ${standing(status as Status)}` : 'Changed';
}

/** Where an issue stands: `resolved in 1.2`. */
export function standing(status: Status): string {
  return [statusName(status.status), statusDetail(status)].filter(Boolean).join(' ');
}

/** A line of the history. */
export function told({ event, detail: raw }: HistoryLine): string {
  const detail = object(raw);
  const release = text(detail['release']);
  const there = release === '' ? '' : ` in ${release}`;
  switch (event) {
    case 'new':
      return `First seen${there}`;
    case 'regressed':
      return `Came back${there}: it was resolved`;
    case 'unignored':
      return `No longer ignored${there}: what it was ignored until has come`;
    case 'spike':
      return `Occurs ${whole(count(detail['per_minute']))} times a minute${there}`;
    case 'recurred':
      return `Occurs again${there} after ${duration(count(detail['quiet_ms']))} without`;
    case 'milestone':
      return `Occurred ${plural(count(detail['milestone']), 'time')}`;
    case 'overflow':
      return `Too many new issues in an hour: what comes is put here (more than ${whole(count(detail['limit']))})`;
    case 'changed':
      return done(detail);
    default:
      return String(event);
  }
}

/** The reason that was given. */
export function reason({ detail }: HistoryLine): string {
  return text(object(detail)['why']);
}

/** The occurrence that it was, where it is one alone. */
export function eventOf({ detail }: HistoryLine): string {
  return text(object(detail)['event_id']);
}
