/** The settings of a project, as a form shows them. Bounds are those of `server/src/project_settings.rs`. */

import type { ProjectSettings } from '../../api/schema';

/** Its name in the API. */
export type Name = keyof ProjectSettings;

/** One setting. */
export interface Field {
  name: Name;
  kind: 'number' | 'text' | 'choice';
  label: string;
  /** What it counts. */
  unit?: string;
  /** What it does. */
  meaning: string;
  least?: number;
  /** None where it is the server's own value. */
  most?: number;
}

const MANY = 1_000_000_000;

/** What becomes of issues. */
export const ISSUE_FIELDS: readonly Field[] = [
  {
    name: 'auto_resolve_days',
    kind: 'number',
    label: 'Resolve by itself after, in days',
    unit: 'days',
    meaning: 'Without an occurrence for so long, an issue counts as resolved. 0 is never.',
    least: 0,
    most: 3650,
  },
  {
    name: 'hourly_new_issues',
    kind: 'number',
    label: 'New issues in an hour',
    unit: 'issues',
    meaning: 'What comes beyond is counted in one issue, "More new issues than allowed in an hour".',
    least: 1,
    most: 100_000,
  },
  {
    name: 'customer_tag',
    kind: 'text',
    label: 'Tag of customers',
    meaning: 'The name of the tag whose values are your customers: issues say how many of them are hit.',
  },
];

/** What comes in, and what is kept of it. */
export const DATA_FIELDS: readonly Field[] = [
  {
    name: 'hourly_quota',
    kind: 'number',
    label: 'Events in an hour',
    unit: 'events',
    meaning: "More are refused until the next hour. 0 is no limit. At most the server's limit, if that has one.",
    least: 0,
    most: MANY,
  },
  {
    name: 'retention_days',
    kind: 'number',
    label: 'Keep details for, in days',
    unit: 'days',
    meaning: 'Then stack, variables and request of an occurrence go; issues and counts stay. At most as the server.',
    least: 1,
  },
  {
    name: 'store_first',
    kind: 'number',
    label: 'Occurrences of an issue kept in full',
    unit: 'occurrences',
    meaning: 'Of the first so many all is kept, after them a sample. All are counted.',
    least: 0,
    most: MANY,
  },
  {
    name: 'store_one_in',
    kind: 'number',
    label: 'Of those after, kept is one in',
    meaning: '1 keeps all. The newest is kept in any case.',
    least: 1,
    most: MANY,
  },
  {
    name: 'cleanup_quiet',
    kind: 'choice',
    label: 'Thin out what is rare',
    meaning: 'Of faults seen fewer than 10 times, and not for a day, only the newest details stay.',
  },
];

/** Characters of the name of a tag. */
const LONGEST_TAG = 200;

/** A value as it is typed; nothing is the server's. */
export function typed(value: ProjectSettings[Name]): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

/** What was typed, as the API takes it. */
export function meant(field: Field, text: string): number | string | boolean | null {
  const plain = text.trim();
  if (plain === '') return null;
  if (field.kind === 'number') return Number(plain.replaceAll(/[\s,]/g, ''));
  return field.kind === 'choice' ? plain === 'yes' : plain;
}

/** What is wrong with what was typed, as far as that is known here. */
export function wrongWith(field: Field, text: string): string | null {
  const value = meant(field, text);
  if (value === null) return null;
  if (typeof value === 'number') {
    const { least = 0, most = MANY } = field;
    const isIn = Number.isInteger(value) && value >= least && value <= most;
    const to = field.most === undefined ? 'or more' : `to ${most.toLocaleString('en')}`;
    return isIn ? null : `A whole number, ${least} ${to}`;
  }
  if (typeof value === 'string' && (/\s/.test(value) || value.length > LONGEST_TAG))
    return `A name without spaces, up to ${LONGEST_TAG} characters`;
  return null;
}

/** A value in words. */
export function inWords(field: Field, value: number | string | boolean | null): string {
  if (value === null) return "the server's";
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  const text = value.toLocaleString('en');
  if (value === 0 && field.name === 'auto_resolve_days') return '0, never';
  if (value === 0 && field.name === 'hourly_quota') return '0, no limit';
  return field.unit ? `${text} ${field.unit}` : text;
}
