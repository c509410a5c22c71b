/** Alerts in words: what rules say, what channels are, what came of messages. */

import type { Channel, ChannelKind, Message, Rule, Trigger } from '../../api/schema';
import { duration, whole } from '../../ui/format';

/** Each trigger: in a sentence, as a choice, and what it means. In the order in which the server asks for them. */
export const TRIGGERS: readonly { id: Trigger; phrase: string; name: string; means: string }[] = [
  { id: 'new', phrase: 'is new', name: 'New', means: 'The first occurrence of an issue.' },
  { id: 'regressed', phrase: 'regressed', name: 'Regressed', means: 'It was resolved, and is back.' },
  {
    id: 'unignored',
    phrase: 'is no longer ignored',
    name: 'No longer ignored',
    means: 'The condition came until which it was ignored.',
  },
  { id: 'spike', phrase: 'spikes', name: 'Spike', means: 'It occurs more often within a minute than you say below.' },
  {
    id: 'recurred',
    phrase: 'occurs after 30 quiet minutes',
    name: 'Recurred',
    means: 'It was quiet for 30 minutes, and occurs again.',
  },
  {
    id: 'milestone',
    phrase: 'passes a milestone',
    name: 'Milestone',
    means: 'It occurred 10, 50, 100, 500, 1000, ... times.',
  },
  {
    id: 'overflow',
    phrase: 'takes new issues beyond the hourly limit',
    name: 'Too many new issues',
    means: 'The project opened as many issues this hour as it may: once an hour.',
  },
];

export const KINDS: Record<ChannelKind, string> = {
  slack: 'Slack',
  email: 'e-mail',
  pagerduty: 'PagerDuty',
  webhook: 'webhook',
};

function list(parts: readonly string[], last: 'and' | 'or'): string {
  if (parts.length < 2) return parts[0] ?? '';
  return `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}`;
}

/** What a rule tells, of which issues. */
function when({ triggers, spike_per_minute, filter }: Rule): string {
  const chosen = TRIGGERS.filter(({ id }) => triggers.includes(id));
  const phrases = chosen.map(({ id, phrase }) =>
    id === 'spike' ? `occurs more than ${whole(spike_per_minute)} times a minute` : phrase,
  );
  const parts = [
    `When an issue ${phrases.length > 0 ? list(phrases, 'or') : '...'}`,
    filter.environments.length > 0 ? `in ${list(filter.environments, 'or')}` : '',
    filter.releases.length > 0 ? `of release ${list(filter.releases, 'or')}` : '',
    filter.min_severity ? `at least ${filter.min_severity}` : '',
    filter.min_level ? `at level ${filter.min_level} or worse` : '',
    ...Object.entries(filter.tags).map(([name, value]) => `with ${name}=${value}`),
  ];
  return parts.filter(Boolean).join(', ');
}

/** Whom it tells, of channels that are there. */
function whom(chosen: readonly number[], channels: readonly Channel[]): string {
  if (chosen.length === 0) return channels.length > 0 ? 'tell every channel' : 'tell every channel, once there is one';
  const known = channels.filter(({ id }) => chosen.includes(id));
  const names = known.map(({ name, kind, enabled }) => `${name} (${KINDS[kind]}${enabled ? '' : ', turned off'})`);
  const gone = chosen.length - known.length;
  if (gone > 0) names.push(gone === 1 ? 'a channel that is gone' : `${gone} channels that are gone`);
  return `tell ${list(names, 'and')}`;
}

/** A rule in a sentence. */
export function inWords(rule: Rule, channels: readonly Channel[]): string {
  const pause =
    rule.cooldown_seconds > 0 ? `; of the same issue at most once in ${duration(rule.cooldown_seconds * 1000)}` : '';
  return `${when(rule)}: ${whom(rule.channels, channels)}${pause}.`;
}

/** Where a channel's messages go, as far as that is no secret. */
export function whereTo({ kind, config }: Channel): string {
  if (kind === 'email') return config.to?.join(', ') ?? '';
  if (kind === 'pagerduty') return config.base_url ?? 'events.pagerduty.com';
  return config.host ?? '';
}

/** What an answer's status means for who reads it. */
function ofStatus(status: number): string {
  if (status < 300) return 'Accepted.';
  if (status < 400) return 'It redirects, which is not followed. Enter the address that it leads to.';
  if (status === 401 || status === 403) return 'It takes no messages from us. Is the address still valid?';
  if (status === 404 || status === 410) return 'There is nothing at the address. Was the webhook removed?';
  if (status === 408 || status === 425 || status === 429) return 'It asked to wait.';
  if (status < 500) return 'It does not take the message.';
  return 'It has trouble of its own.';
}

const SAID: readonly [RegExp, string][] = [
  [/^host not found$/, 'There is no such host.'],
  [/^timeout/, 'It did not answer within ten seconds.'],
  [/^connection refused$/, 'Nothing listens at the address.'],
  [/^connection reset$/, 'It broke the connection.'],
  [/^TLS:/, 'No secure connection could be made.'],
  [/^no answer that is HTTP$/, 'What answers there does not speak HTTP.'],
  [/smtp_url/, 'The server cannot send e-mail yet: its admin has to set that up.'],
  [/webhook_allow/, 'The address is inside your network, where messages do not go unless the admin allows it.'],
  [/secrets cannot be read/, 'Its secrets cannot be read any more. Edit the channel, and enter them again.'],
];

/** A note of the server in words, and as it stands in the log. */
export function noteInWords(note: string): { words: string; exact: string } {
  const [, status] = /^(\d{3})(?:: |$)/.exec(note) ?? [];
  if (status) return { words: ofStatus(Number(status)), exact: note };
  const known = SAID.find(([pattern]) => pattern.test(note));
  return { words: known?.[1] ?? '', exact: note };
}

/** What a message's state is called. */
export const STATES: Record<Message['state'], string> = {
  pending: 'Waiting',
  sent: 'Sent',
  failed: 'Failed',
};
