/** A rule as it is being written: what is typed is kept as it was typed. */

import type { Level, Rule, Severity } from '../../api/schema';

export const UNITS = [
  { id: 'seconds', name: 'seconds', seconds: 1 },
  { id: 'minutes', name: 'minutes', seconds: 60 },
  { id: 'hours', name: 'hours', seconds: 3600 },
  { id: 'days', name: 'days', seconds: 86_400 },
] as const;

export type Unit = (typeof UNITS)[number]['id'];

export const LEVELS: readonly Level[] = ['debug', 'info', 'warning', 'error', 'fatal'];
export const SEVERITIES: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical'];

/** What can be wrong, by the name that the server has for it. */
export type Field =
  | 'name'
  | 'triggers'
  | 'channels'
  | 'environments'
  | 'releases'
  | 'tags'
  | 'filter'
  | 'cooldown_seconds'
  | 'spike_per_minute';

export type Wrong = Partial<Record<Field, string>>;

export type List = 'environments' | 'releases' | 'tags';

export interface Draft {
  name: string;
  enabled: boolean;
  triggers: Rule['triggers'];
  environments: readonly string[];
  releases: readonly string[];
  minLevel: Level | '';
  minSeverity: Severity | '';
  /** `name=value` each. */
  tags: readonly string[];
  /** What stands in the field of each list and is not yet a word of it: it is meant as well. */
  typed: Readonly<Record<List, string>>;
  spike: string;
  pause: string;
  unit: Unit;
  isForAll: boolean;
  channels: readonly number[];
}

/** What a new rule begins with: what a project without rules tells. */
export const NEW: Rule = {
  name: '',
  triggers: ['new', 'regressed'],
  channels: [],
  filter: { environments: [], releases: [], tags: {} },
  cooldown_seconds: 0,
  spike_per_minute: 100,
  enabled: true,
};

/** A rule to be edited. Channels that are gone can be chosen no more. */
export function draftOf(rule: Rule, there: ReadonlySet<number>): Draft {
  const { cooldown_seconds: pause, filter } = rule;
  const unit = UNITS.findLast(({ seconds }) => pause > 0 && pause % seconds === 0) ?? UNITS[1];
  return {
    name: rule.name,
    enabled: rule.enabled,
    triggers: rule.triggers,
    environments: filter.environments,
    releases: filter.releases,
    minLevel: filter.min_level ?? '',
    minSeverity: filter.min_severity ?? '',
    tags: Object.entries(filter.tags).map(([name, value]) => `${name}=${value}`),
    typed: { environments: '', releases: '', tags: '' },
    spike: String(rule.spike_per_minute),
    pause: String(pause / unit.seconds),
    unit: unit.id,
    isForAll: rule.channels.length === 0,
    channels: rule.channels.filter((channel) => there.has(channel)),
  };
}

/** A whole number that was typed; none if it is something else. */
function count(text: string): number {
  return /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
}

/** The words of a list. */
function wordsOf(draft: Draft, list: List): string[] {
  const typed = draft.typed[list].trim();
  return typed && !draft[list].includes(typed) ? [...draft[list], typed] : [...draft[list]];
}

/** Tags by name. */
function tagsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    }),
  );
}

/** The rule that is meant. */
export function ruleOf(draft: Draft): Rule {
  const seconds = UNITS.find(({ id }) => id === draft.unit)?.seconds ?? 1;
  return {
    name: draft.name.trim(),
    enabled: draft.enabled,
    triggers: draft.triggers,
    channels: draft.isForAll ? [] : [...draft.channels],
    filter: {
      environments: wordsOf(draft, 'environments'),
      releases: wordsOf(draft, 'releases'),
      ...(draft.minLevel && { min_level: draft.minLevel }),
      ...(draft.minSeverity && { min_severity: draft.minSeverity }),
      tags: tagsOf(wordsOf(draft, 'tags').filter(isTag)),
    },
    cooldown_seconds: (count(draft.pause) || 0) * seconds,
    spike_per_minute: count(draft.spike) || 0,
  };
}

const isTag = (text: string) => /^[^=]+=./.test(text);

function wrongTags(tags: readonly string[]): Wrong {
  if (!tags.every(isTag)) return { tags: 'Expected name=value' };
  const isTwice = new Set(tags.map((tag) => tag.slice(0, tag.indexOf('=')).trim())).size < tags.length;
  return isTwice ? { tags: 'A tag can have one value only' } : {};
}

/** What would mean something else, or cannot be sent at all; the rest is the server's to judge. */
export function wrongIn(draft: Draft): Wrong {
  return {
    ...(Number.isNaN(count(draft.pause)) && { cooldown_seconds: 'Expected a whole number, or 0 for no pause' }),
    ...(draft.triggers.includes('spike') &&
      Number.isNaN(count(draft.spike)) && { spike_per_minute: 'Expected a whole number' }),
    ...(!draft.isForAll && draft.channels.length === 0 && { channels: 'Choose a channel, or all' }),
    ...wrongTags(wordsOf(draft, 'tags')),
  };
}

const FIELDS: ReadonlySet<string> = new Set<Field>([
  'name',
  'triggers',
  'channels',
  'filter',
  'cooldown_seconds',
  'spike_per_minute',
]);

/** At which field of which rule the server found something wrong: `rules[2].name: another rule has it`. */
export function placeOf(message: string): { at: number; field: Field; text: string } | undefined {
  const [, at, field, text] = /^(?:rules|items)\[(\d+)\]\.(\w+)(?:\.\w+)*: (.*)$/s.exec(message) ?? [];
  if (at === undefined || field === undefined || text === undefined || !FIELDS.has(field)) return undefined;
  return { at: Number(at), field: field as Field, text: text.charAt(0).toUpperCase() + text.slice(1) };
}
