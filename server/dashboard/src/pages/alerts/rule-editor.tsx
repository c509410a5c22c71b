/** One rule, new or changed. If someone else changed it meanwhile, both stand there, and nothing that was typed is lost. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useNavigate } from 'react-router';
import { problem } from '../../api/problem';
import { choices } from '../../api/queries';
import type { Channel, Rule } from '../../api/schema';
import { Button, ButtonLink, TextField, Tick } from '../../ui/controls';
import { say } from '../../ui/notices';
import { Empty } from '../../ui/page';
import styles from './alerts.module.css';
import { changeRule, Stale, WrongField } from './change-rules';
import { type Draft, draftOf, NEW, ruleOf, type Wrong, wrongIn } from './draft';
import type { Tagged } from './queries';
import { Filters, Pause, Triggers, Whom } from './rule-fields';
import { inWords } from './words';

/** What the server takes. */
const LONGEST_NAME = 200;

interface EditorProps {
  project: number;
  /** Of the rule that is changed; none for a new one. */
  name: string | undefined;
  all: Tagged<Rule[]>;
  channels: readonly Channel[];
}

export function RuleEditor({ project, name, all, channels }: EditorProps) {
  // As it was when editing began: what comes from elsewhere later changes nothing under one's hands.
  const [begun] = useState(all);
  const rule = name === undefined ? NEW : begun.value.find((one) => one.name === name);
  if (!rule) {
    return (
      <Empty title={`There is no rule ${name}`}>
        <p>It was renamed or deleted.</p>
        <ButtonLink to="?">All rules</ButtonLink>
      </Empty>
    );
  }
  return <RuleForm project={project} name={name} all={begun} rule={rule} channels={channels} />;
}

function RuleForm({ project, name: firstName, all, rule, channels }: EditorProps & { rule: Rule }) {
  const navigate = useNavigate();
  const there = new Set(channels.map(({ id }) => id));
  const { data: known } = useQuery(choices(project));
  const [base, setBase] = useState({ all, name: firstName });
  const [draft, setDraft] = useState<Draft>(() => draftOf(rule, there));
  const [wrong, setWrong] = useState<Wrong>({});
  const save = useMutation({
    mutationFn: (from: typeof base) => changeRule(project, { known: from.all, name: from.name, to: ruleOf(draft) }),
    onSuccess: () => {
      say(`The rule ${draft.name.trim()} is in force${draft.enabled ? '' : ' once it is turned on'}.`);
      return navigate('?', { replace: true });
    },
    onError: (error) => {
      if (error instanceof WrongField) setWrong({ [error.field]: error.message });
    },
  });
  const put = (changes: Partial<Draft>) => {
    setDraft({ ...draft, ...changes });
    setWrong({});
  };
  const submit = (from: typeof base) => {
    const found = wrongIn(draft);
    setWrong(found);
    if (Object.keys(found).length === 0) save.mutate(from);
  };
  const { error } = save;
  return (
    <Form
      className={styles['editor'] ?? ''}
      validationErrors={wrong as Record<string, string>}
      onSubmit={(event) => {
        event.preventDefault();
        submit(base);
      }}
    >
      <h2>{firstName === undefined ? 'A new rule' : `Rule ${firstName}`}</h2>
      <TextField
        label="Name"
        name="name"
        isRequired
        maxLength={LONGEST_NAME}
        value={draft.name}
        onChange={(name) => put({ name })}
        autoFocus={firstName === undefined}
      />
      <Triggers draft={draft} put={put} wrong={wrong} />
      <Filters draft={draft} put={put} wrong={wrong} known={known} />
      <Whom draft={draft} put={put} wrong={wrong} channels={channels} project={project} />
      <Pause draft={draft} put={put} wrong={wrong} />
      <Tick isSelected={draft.enabled} onChange={(enabled) => put({ enabled })}>
        In force
      </Tick>
      <output className={styles['sentence']}>{inWords(ruleOf(draft), channels)}</output>
      {error instanceof Stale ? (
        <StaleNote
          error={error}
          channels={channels}
          onKeep={() => {
            const next = { all: error.now, name: error.rule ? base.name : undefined };
            setBase(next);
            submit(next);
          }}
          onTake={() => {
            if (!error.rule) return void navigate('?');
            setBase({ all: error.now, name: base.name });
            setDraft(draftOf(error.rule, there));
            save.reset();
          }}
        />
      ) : (
        error &&
        !(error instanceof WrongField) && (
          <p role="alert" className={styles['wrong']}>
            {problem(error).message}
          </p>
        )
      )}
      <div className={styles['buttons']}>
        <Button look="primary" type="submit" isBusy={save.isPending} isDisabled={error instanceof Stale}>
          Save
        </Button>
        <ButtonLink to="?">Cancel</ButtonLink>
      </div>
    </Form>
  );
}

function StaleNote({
  error,
  channels,
  onKeep,
  onTake,
}: {
  error: Stale;
  channels: readonly Channel[];
  onKeep: () => void;
  onTake: () => void;
}) {
  return (
    <div role="alert" className={styles['notice']}>
      <div>
        <h3>Someone else {error.rule ? 'changed' : 'deleted'} this rule meanwhile</h3>
        {error.rule && (
          <p>
            It now says{error.rule.enabled ? '' : ', turned off'}: {inWords(error.rule, channels)}
          </p>
        )}
        <p className="muted">What you entered is still here, and not saved.</p>
      </div>
      <div className={styles['buttons']}>
        <Button onPress={onTake}>{error.rule ? 'Take theirs' : 'Leave it deleted'}</Button>
        <Button look="primary" onPress={onKeep}>
          {error.rule ? 'Save mine instead' : 'Save mine as a new rule'}
        </Button>
      </div>
    </div>
  );
}
