/** What has to be known before something is done. */

import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useId, useState } from 'react';
import { choices } from '../../api/queries';
import type { Issue } from '../../api/schema';
import { now } from '../../clock';
import { Actions, Button, Confirm, Dialog } from '../../ui/controls';
import { plural } from '../../ui/format';
import styles from './issues.module.css';
import { survivor } from './moves';
import { Events, titleOf } from './row';
import { Suggest } from './suggest';

function Ask({
  title,
  action,
  children,
  onClose,
  onSay,
}: {
  title: string;
  action: string;
  children: ReactNode;
  onClose: () => void;
  onSay: () => void;
}) {
  return (
    <Dialog title={title} isOpen onClose={onClose}>
      <form
        className={styles['ask']}
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          onSay();
        }}
      >
        {children}
        <Actions>
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="primary">
            {action}
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}

interface Asked<T> {
  onClose: () => void;
  onSay: (value: T) => void;
}

export function InRelease({ project, onClose, onSay }: Asked<string> & { project: number }) {
  const { data } = useQuery(choices(project));
  const [release, setRelease] = useState<string>();
  // The newest, until another is typed.
  const shown = release ?? data?.releases[0] ?? '';
  return (
    <Ask title="Resolve in a release" action="Resolve" onClose={onClose} onSay={() => onSay(shown.trim())}>
      <Suggest
        label="Release"
        value={shown}
        onChange={setRelease}
        options={data?.releases ?? []}
        isRequired
        hint="An occurrence in this release or a later one brings the issue back."
      />
    </Ask>
  );
}

export function UntilCount({ onClose, onSay }: Asked<number>) {
  const [count, setCount] = useState('100');
  return (
    <Ask title="Ignore for more occurrences" action="Ignore" onClose={onClose} onSay={() => onSay(Number(count))}>
      <Suggest
        label="How many more"
        type="number"
        min="1"
        value={count}
        onChange={setCount}
        options={[]}
        isRequired
        hint="After so many more occurrences the issue is open again, and is told of."
      />
    </Ask>
  );
}

const HOUR = 60 * 60_000;
const PRESETS = [
  { name: 'In an hour', ms: HOUR },
  { name: 'Tomorrow', ms: 24 * HOUR },
  { name: 'In a week', ms: 7 * 24 * HOUR },
];

/** A time as the field has it: of the zone of who looks, without its name. */
function local(time: number): string {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function UntilTime({ onClose, onSay }: Asked<number>) {
  const [until, setUntil] = useState(() => local(now() + 24 * HOUR));
  return (
    <Ask title="Ignore until a time" action="Ignore" onClose={onClose} onSay={() => onSay(new Date(until).getTime())}>
      <div className={styles['presets']}>
        {PRESETS.map(({ name, ms }) => (
          <Button key={name} onPress={() => setUntil(local(now() + ms))}>
            {name}
          </Button>
        ))}
      </div>
      <Suggest
        label="Until"
        type="datetime-local"
        min={local(now())}
        value={until}
        onChange={setUntil}
        options={[]}
        isRequired
        hint="The first occurrence after it opens the issue again. By the clock of this machine's zone."
      />
    </Ask>
  );
}

export function Merge({
  issues,
  onClose,
  onSay,
}: {
  issues: readonly Issue[];
  onClose: () => void;
  onSay: (into: Issue, others: Issue[]) => void;
}) {
  const [chosen, setChosen] = useState(() => survivor(issues)?.id);
  const name = useId();
  const into = issues.find((issue) => issue.id === chosen);
  if (!into) return null;
  const others = issues.filter((issue) => issue !== into);
  return (
    <Confirm
      title={`Merge ${plural(issues.length, 'issue')} into one`}
      action="Merge"
      isOpen
      onClose={onClose}
      onConfirm={() => {
        onClose();
        onSay(into, others);
      }}
    >
      <p>
        <strong>{titleOf(into)}</strong> survives, with the events of all. {plural(others.length, 'other')} end. It can
        be taken apart again on the issue's page.
      </p>
      <fieldset className={styles['survivors']}>
        <legend>Which survives</legend>
        {issues.map((issue) => (
          <label key={issue.id}>
            <input type="radio" name={name} checked={issue.id === into.id} onChange={() => setChosen(issue.id)} />
            <span className="clip">{titleOf(issue)}</span>
            <Events issue={issue} hasWord />
          </label>
        ))}
      </fieldset>
    </Confirm>
  );
}
