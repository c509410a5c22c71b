/**
 * What happened to an issue, in words: for the feed, and for an issue's own history.
 *
 * `detail` is what `server/src/consume/ledger` writes with a line. A line may be of an older server or of a later one, so
 * nothing is taken for granted: what is not there is left out.
 */

import type { IssueEvent } from '../api/schema';
import { duration, plural, whole } from '../ui/format';

/** What can happen, in the order in which it is offered to be chosen from. */
export const HAPPENINGS = [
  'new',
  'regressed',
  'unignored',
  'spike',
  'recurred',
  'milestone',
  'overflow',
  'changed',
  'settings',
] as const satisfies readonly IssueEvent[];

const NAMES: Record<IssueEvent, string> = {
  new: 'New',
  regressed: 'Regressed',
  unignored: 'No longer ignored',
  spike: 'Spike',
  recurred: 'Occurred again',
  milestone: 'Milestone',
  overflow: 'Too many issues',
  changed: 'Changed',
  settings: 'Settings',
};

/** What a kind of event is called. */
export function happeningName(event: IssueEvent): string {
  return NAMES[event] ?? event;
}

/**
 * What happened, as a sentence without its end.
 *
 * @param event - the kind
 * @param detail - what the server wrote with it
 * @param who - who did it; empty for what an occurrence did
 */
export function happening(event: IssueEvent, detail: unknown, who: string): string {
  const of = fields(detail);
  switch (event) {
    case 'new':
      return `First seen${inRelease(of)}`;
    case 'regressed':
      return `Was resolved and is back${inRelease(of)}`;
    case 'unignored':
      return `Was ignored until now and is open again${inRelease(of)}`;
    case 'spike':
      return `More than ${number(of['per_minute']) ?? 'its limit'} in a minute${inRelease(of)}`;
    case 'recurred':
      return `Occurs again after ${quiet(of['quiet_ms'])}${inRelease(of)}`;
    case 'milestone':
      return `Occurred ${number(of['milestone']) ?? 'many'} times${inRelease(of)}`;
    case 'overflow':
      return `The hour has its ${number(of['limit']) ?? 'limit of'} new issues: what else is new goes into this one`;
    case 'changed':
      return who === QUIET_RULE ? 'Resolved, as it was quiet' : `${who || 'Someone'} ${moved(of)}`;
    case 'settings':
      return `${who || 'Someone'} changed settings: ${settings(of['changed'])}`;
    default:
      // Of a later server.
      return String(event);
  }
}

/** Why someone did it, in their own words; empty if they did not say. */
export function reason(detail: unknown): string {
  return text(fields(detail)['why']) ?? '';
}

/** Which occurrence it was, where it was one alone. */
export function occurrence(detail: unknown): string | undefined {
  return text(fields(detail)['event_id']);
}

/** By whom quiet issues are resolved. */
const QUIET_RULE = 'rule: quiet';

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): string | undefined {
  return typeof value === 'number' ? whole(value) : undefined;
}

function inRelease(of: Fields): string {
  const release = text(of['release']);
  return release ? `, in ${release}` : '';
}

function quiet(ms: unknown): string {
  return typeof ms === 'number' ? `${duration(ms)} of quiet` : 'it was quiet';
}

const until = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** What a person did: the move that they asked for, and what came of it. */
function moved(of: Fields): string {
  const did = fields(of['did']);
  const status = fields(of['status']);
  switch (did['move']) {
    case 'reopen':
      return 'opened it again';
    case 'acknowledge':
      return 'is on it';
    case 'resolve':
      return 'resolved it';
    case 'resolve_in_release':
      return `resolved it in ${text(did['release']) ?? 'a release'}`;
    case 'resolve_in_next_release':
      return `resolved it in the release after ${text(fields(status['resolved'])['release']) ?? 'now'}`;
    case 'ignore':
      return 'ignored it for good';
    case 'ignore_until_next_release':
      return `ignored it until a release after ${text(fields(status['ignored'])['value']) ?? 'now'}`;
    case 'ignore_until_count':
      return typeof did['count'] === 'number'
        ? `ignored it for ${plural(did['count'], 'more occurrence')}`
        : 'ignored it for more occurrences';
    case 'ignore_until_time':
      return `ignored it until ${moment(did['time'])}`;
    case 'merge':
      return `merged ${issues(did['issues'])} into it`;
    case 'unmerge':
      return 'took apart what was merged into it';
    default:
      return 'changed it';
  }
}

function moment(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? 'a time that no calendar has' : until.format(date);
}

/** Numbers that are spelt out in a line; of more, how many. */
const SPELT_OUT = 5;

function issues(value: unknown): string {
  const numbers = Array.isArray(value) ? value.map((one) => `#${one}`) : [];
  if (numbers.length === 0) return 'others';
  if (numbers.length > SPELT_OUT) return plural(numbers.length, 'issue');
  const last = numbers.pop();
  return numbers.length > 0 ? `${numbers.join(', ')} and ${last}` : `${last}`;
}

/** `store first from 5 to 10, customer tag from the server's to tenant`. */
function settings(changed: unknown): string {
  const each = Object.entries(fields(changed)).map(([name, value]) => {
    const { from, to } = fields(value);
    return `${name.replaceAll('_', ' ')} from ${setting(from)} to ${setting(to)}`;
  });
  return each.join(', ') || 'nothing';
}

function setting(value: unknown): string {
  if (value === null || value === undefined) return "the server's";
  return typeof value === 'number' ? whole(value) : String(value);
}
