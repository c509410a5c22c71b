/** Dialogs for what needs one more word: which release, how often, until when, with which issue. */

import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Form } from 'react-aria-components';
import { choices } from '../../api/queries';
import type { Issue } from '../../api/schema';
import { now } from '../../clock';
import { Actions, Button, Dialog, Search, Select, TextField, Tick } from '../../ui/controls';
import { plural } from '../../ui/format';
import { Failure, Loading } from '../../ui/page';
import { found } from './asked';
import styles from './issue.module.css';
import type { Move } from './moves';

interface Asked {
  isOpen: boolean;
  isBusy: boolean;
  close: () => void;
  /** True unless it failed. */
  submit: (move: Move) => Promise<boolean>;
}

function Ask({
  title,
  action,
  move,
  asked,
  isSearch = false,
  children,
}: {
  title: string;
  action: string;
  /** None as long as something is missing. */
  move: Move | undefined;
  asked: Asked;
  /** Enter searches, and does not begin what is asked for. */
  isSearch?: boolean;
  children: ReactNode;
}) {
  const submit = async () => {
    // What was typed stays where it did not come about.
    if (move && (await asked.submit(move))) asked.close();
  };
  const buttons = (
    <Actions>
      <Button onPress={asked.close}>Cancel</Button>
      <Button
        look="primary"
        isBusy={asked.isBusy}
        isDisabled={!move}
        {...(isSearch ? { onPress: () => void submit() } : { type: 'submit' as const })}
      >
        {action}
      </Button>
    </Actions>
  );
  return (
    <Dialog title={title} isOpen={asked.isOpen} onClose={asked.close}>
      {isSearch ? (
        <div className={styles['form']}>
          {children}
          {buttons}
        </div>
      ) : (
        <Form
          className={styles['form'] ?? ''}
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          {children}
          {buttons}
        </Form>
      )}
    </Dialog>
  );
}

/** Resolved in a release that is there, or will be. */
export function InRelease({ issue, ...asked }: Asked & { issue: Issue }) {
  const [release, setRelease] = useState('');
  const { data } = useQuery({ ...choices(issue.project), enabled: asked.isOpen });
  const known = data?.releases.slice(0, 8) ?? [];
  return (
    <Ask
      title="Resolve in a release"
      action="Resolve"
      move={release.trim() === '' ? undefined : { move: 'resolve_in_release', release: release.trim() }}
      asked={asked}
    >
      <TextField
        label="Release"
        value={release}
        onChange={setRelease}
        maxLength={200}
        autoComplete="off"
        autoFocus
        hint="Its whole name, as the SDK says it. Occurrences of earlier releases do not open it again."
      />
      {known.length > 0 && (
        <div className={styles['choices']}>
          {known.map((name) => (
            <Button key={name} look="quiet" onPress={() => setRelease(name)}>
              {name}
            </Button>
          ))}
        </div>
      )}
    </Ask>
  );
}

/** Ignored until there are more. */
export function IgnoreCount(asked: Asked) {
  const [text, setText] = useState('100');
  const count = Number(text);
  const isCount = Number.isSafeInteger(count) && count > 0;
  return (
    <Ask
      title="Ignore until it occurs more often"
      action="Ignore"
      move={isCount ? { move: 'ignore_until_count', count } : undefined}
      asked={asked}
    >
      <TextField
        label="More occurrences"
        value={text}
        onChange={setText}
        inputMode="numeric"
        autoFocus
        hint="It comes back when it has occurred so many times more."
      />
    </Ask>
  );
}

const HOUR = 3_600_000;
const SPANS = [
  { id: '1', name: 'for an hour' },
  { id: '4', name: 'for 4 hours' },
  { id: '24', name: 'for a day' },
  { id: '168', name: 'for a week' },
  { id: '720', name: 'for 30 days' },
  { id: 'until', name: 'until a time' },
] as const;
type Span = (typeof SPANS)[number]['id'];

/** Ignored until a time. */
export function IgnoreTime(asked: Asked) {
  const [span, setSpan] = useState<Span>('24');
  const [until, setUntil] = useState('');
  const time = span === 'until' ? Date.parse(until) : now() + Number(span) * HOUR;
  return (
    <Ask
      title="Ignore until a time"
      action="Ignore"
      move={Number.isNaN(time) ? undefined : { move: 'ignore_until_time', time: Math.round(time) }}
      asked={asked}
    >
      <Select label="How long" options={SPANS} value={span} onChange={setSpan} />
      {span === 'until' && (
        <TextField label="Until, in your time" type="datetime-local" value={until} onChange={setUntil} />
      )}
      <p className="muted">It comes back with the first occurrence after that.</p>
    </Ask>
  );
}

/** Which issues are merged into this one. */
export function MergeWith({ issue, ...asked }: Asked & { issue: Issue }) {
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const { data, error, refetch } = useQuery({ ...found(issue.project, query), enabled: asked.isOpen });
  const others = data?.items.filter((one) => one.id !== issue.id && (one.merged_into ?? null) === null) ?? [];
  const choose = (id: number, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <Ask
      title="Merge with other issues"
      action={chosen.size > 0 ? `Merge ${plural(chosen.size, 'issue')} into this one` : 'Merge into this one'}
      move={chosen.size > 0 ? { move: 'merge', issues: [...chosen] } : undefined}
      asked={{
        ...asked,
        close: () => {
          setChosen(new Set());
          asked.close();
        },
      }}
      isSearch
    >
      <p className="muted">Their occurrences count here from then on. It can be undone.</p>
      <Search label="Find issues" value={query} onSearch={setQuery} />
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <ul className={styles['candidates']}>
          {others.map((one) => (
            <li key={one.id}>
              <Tick isSelected={chosen.has(one.id)} onChange={(isChosen) => choose(one.id, isChosen)}>
                <span className={styles['candidate']}>
                  <b>{one.title}</b>
                  <span className="muted">
                    #{one.id} {one.culprit}
                  </span>
                </span>
              </Tick>
            </li>
          ))}
          {others.length === 0 && <li className="muted">There is no other issue of these words.</li>}
        </ul>
      ) : (
        <Loading lines={4} />
      )}
    </Ask>
  );
}
