/** The parts of a rule's form: what, of which issues, to whom, how often. */

import { type ReactNode, useId } from 'react';
import { Link } from 'react-router';
import type { Channel, Choices, Level, Severity } from '../../api/schema';
import { Select, TextField, Tick } from '../../ui/controls';
import controls from '../../ui/controls.module.css';
import styles from './alerts.module.css';
import { type Draft, LEVELS, type List, SEVERITIES, UNITS, type Unit, type Wrong } from './draft';
import { WordsField } from './words-field';
import { KINDS, TRIGGERS, whereTo } from './words';

interface PartProps {
  draft: Draft;
  put: (changes: Partial<Draft>) => void;
  wrong: Wrong;
}

/** Fields that belong together, and what is wrong with them as a whole. */
function Group({ title, wrong, children }: { title: string; wrong?: string | undefined; children: ReactNode }) {
  const id = useId();
  return (
    <fieldset className={styles['group']} {...(wrong ? { 'aria-describedby': id } : {})}>
      <legend>{title}</legend>
      {wrong && (
        <p id={id} role="alert" className={controls['wrong']}>
          {wrong}
        </p>
      )}
      {children}
    </fieldset>
  );
}

/** With one more or one less, in the order of `all`. */
function toggled<T>(all: readonly T[], chosen: readonly T[], one: T, isChosen: boolean): T[] {
  return all.filter((other) => (other === one ? isChosen : chosen.includes(other)));
}

export function Triggers({ draft, put, wrong }: PartProps) {
  const all = TRIGGERS.map(({ id }) => id);
  return (
    <Group title="When an issue" wrong={wrong.triggers}>
      {TRIGGERS.map(({ id, name, means }) => (
        <Tick
          key={id}
          isSelected={draft.triggers.includes(id)}
          onChange={(isChosen) => put({ triggers: toggled(all, draft.triggers, id, isChosen) })}
        >
          <span>
            {name}
            <span className={styles['means']}> {means}</span>
          </span>
        </Tick>
      ))}
      {draft.triggers.includes('spike') && (
        <div className={styles['short']}>
          <TextField
            label="Spike: more than, per minute"
            name="spike_per_minute"
            inputMode="numeric"
            isRequired
            value={draft.spike}
            onChange={(spike) => put({ spike })}
            hint="Estimated: what clients sampled away counts."
          />
        </div>
      )}
    </Group>
  );
}

const anyOr = <T extends string>(names: readonly T[], any: string) => [
  { id: '' as const, name: any },
  ...names.map((name) => ({ id: name, name })),
];

export function Filters({ draft, put, wrong, known }: PartProps & { known: Choices | undefined }) {
  const listed = (list: List) => ({
    words: draft[list],
    typed: draft.typed[list],
    wrong: wrong[list],
    onType: (typed: string) => put({ typed: { ...draft.typed, [list]: typed } }),
    onChange: (words: readonly string[]) => put({ [list]: words, typed: { ...draft.typed, [list]: '' } }),
  });
  return (
    <Group title="Of which issues" wrong={wrong.filter}>
      <div className={styles['pair']}>
        <WordsField
          label="Environments"
          hint="One of them. Empty is all."
          placeholder="production"
          {...listed('environments')}
          known={known?.environments ?? []}
        />
        <WordsField
          label="Releases"
          hint="One of them. Empty is all."
          placeholder="shop@1.4.0"
          {...listed('releases')}
          known={known?.releases ?? []}
        />
        <Select<Severity | ''>
          label="At least as urgent as"
          options={anyOr(SEVERITIES, 'Any severity')}
          value={draft.minSeverity}
          onChange={(minSeverity) => put({ minSeverity })}
        />
        <Select<Level | ''>
          label="At least of the level"
          options={anyOr(LEVELS, 'Any level')}
          value={draft.minLevel}
          onChange={(minLevel) => put({ minLevel })}
        />
        <WordsField
          label="Tags"
          hint="name=value, each of them. Empty is all."
          placeholder="tier=paid"
          {...listed('tags')}
          known={(known?.tags ?? []).map((tag) => `${tag}=`)}
        />
      </div>
    </Group>
  );
}

export function Whom({
  draft,
  put,
  wrong,
  channels,
  project,
}: PartProps & { channels: readonly Channel[]; project: number }) {
  const all = channels.map(({ id }) => id);
  return (
    <Group title="Tell" wrong={wrong.channels}>
      <Tick isSelected={draft.isForAll} onChange={(isForAll) => put({ isForAll })}>
        Every channel, those to come as well
      </Tick>
      {!draft.isForAll &&
        channels.map((channel) => (
          <Tick
            key={channel.id}
            isSelected={draft.channels.includes(channel.id)}
            onChange={(isChosen) => put({ channels: toggled(all, draft.channels, channel.id, isChosen) })}
          >
            <span>
              {channel.name}
              <span className={styles['means']}>
                {' '}
                {KINDS[channel.kind]}, {whereTo(channel)}
                {channel.enabled ? '' : ', turned off'}
              </span>
            </span>
          </Tick>
        ))}
      {channels.length === 0 && (
        <p className="muted">
          There is no channel yet. <Link to={`/projects/${project}/alerts/channels?new`}>Make one</Link>, or save the
          rule first.
        </p>
      )}
    </Group>
  );
}

export function Pause({ draft, put }: PartProps) {
  return (
    <Group title="Of the same issue at most once in">
      <div className={styles['amount']}>
        <TextField
          label="How long"
          name="cooldown_seconds"
          inputMode="numeric"
          isRequired
          value={draft.pause}
          onChange={(pause) => put({ pause })}
        />
        <Select<Unit> label="Unit" options={UNITS} value={draft.unit} onChange={(unit) => put({ unit })} />
      </div>
      <p className={controls['hint']}>0 is each time. At most a week.</p>
    </Group>
  );
}
