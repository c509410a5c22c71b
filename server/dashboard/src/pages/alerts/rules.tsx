/** The rules of a project, each in a sentence. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { channels, queryClient } from '../../api/queries';
import type { Channel, Rule } from '../../api/schema';
import { Button, ButtonLink, Confirm } from '../../ui/controls';
import { say, sayProblem } from '../../ui/notices';
import { Empty, Failure, Loading } from '../../ui/page';
import styles from './alerts.module.css';
import { changeRule } from './change-rules';
import { rules, type Tagged } from './queries';
import { RuleEditor } from './rule-editor';
import { inWords } from './words';

export function Rules({ project, mayChange }: { project: number; mayChange: boolean }) {
  const [params] = useSearchParams();
  const all = useQuery(rules(project));
  const known = useQuery(channels(project));
  const error = all.error ?? known.error;
  if (error && !(all.data && known.data)) {
    return <Failure error={error} onRetry={() => void Promise.all([all.refetch(), known.refetch()])} />;
  }
  if (!all.data || !known.data) return <Loading />;
  const name = params.get('rule') ?? undefined;
  if (mayChange && (name !== undefined || params.has('new'))) {
    return <RuleEditor key={name ?? ''} project={project} name={name} all={all.data} channels={known.data.items} />;
  }
  return <RuleList project={project} mayChange={mayChange} all={all.data} channels={known.data.items} />;
}

/** What a project has until someone sets rules. */
function isDefault(all: readonly Rule[]): boolean {
  return all.length === 1 && all[0]?.name === 'default';
}

function RuleList({
  project,
  mayChange,
  all,
  channels,
}: {
  project: number;
  mayChange: boolean;
  all: Tagged<Rule[]>;
  channels: readonly Channel[];
}) {
  return (
    <>
      {channels.length === 0 && <NoChannel project={project} mayChange={mayChange} />}
      <div className={styles['above']}>
        <p className="muted">
          {isDefault(all.value)
            ? 'This rule is there from the beginning. Change it, or add others.'
            : 'If several rules choose the same channel, it is told once.'}
        </p>
        {mayChange && <ButtonLink to="?new">Add a rule</ButtonLink>}
      </div>
      {all.value.length === 0 ? (
        <Empty title="There is no rule">
          <p>
            Nobody is told of issues in this project; all of them are in the{' '}
            <Link to={`/projects/${project}/feed`}>live feed</Link> nevertheless.
          </p>
        </Empty>
      ) : (
        <ul className={styles['cards']} aria-label="Rules">
          {all.value.map((rule) => (
            <li key={rule.name} className={styles['card']}>
              <div className={styles['facts']}>
                <h2>
                  {rule.name} {!rule.enabled && <span className={styles['off']}>off</span>}
                </h2>
                <p>{inWords(rule, channels)}</p>
              </div>
              {mayChange && <RuleActions project={project} all={all} rule={rule} />}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function NoChannel({ project, mayChange }: { project: number; mayChange: boolean }) {
  return (
    <div className={styles['notice']} role="note">
      <div>
        <h2>Nobody is told yet</h2>
        <p>
          {mayChange
            ? 'Rules say what is told. Make a channel first, to say where: Slack, e-mail, PagerDuty or a webhook.'
            : 'There is no channel to tell. An admin of the project can make one.'}
        </p>
      </div>
      {mayChange && (
        <ButtonLink look="primary" to={`/projects/${project}/alerts/channels?new`}>
          Make a channel
        </ButtonLink>
      )}
    </div>
  );
}

function RuleActions({ project, all, rule }: { project: number; all: Tagged<Rule[]>; rule: Rule }) {
  const [isAsking, setAsking] = useState(false);
  const change = useMutation({
    mutationFn: (to: Rule | undefined) => changeRule(project, { known: all, name: rule.name, to }),
    onSuccess: (_, to) => {
      setAsking(false);
      if (!to) say(`The rule ${rule.name} is deleted.`);
    },
    onError: (error) => {
      setAsking(false);
      sayProblem(error);
      return queryClient.invalidateQueries({ queryKey: rules(project).queryKey });
    },
  });
  return (
    <div className={styles['buttons']}>
      <ButtonLink to={`?${new URLSearchParams({ rule: rule.name })}`} aria-label={`Edit ${rule.name}`}>
        Edit
      </ButtonLink>
      <Button
        aria-label={`Turn ${rule.enabled ? 'off' : 'on'} ${rule.name}`}
        isBusy={change.isPending && change.variables !== undefined}
        onPress={() => change.mutate({ ...rule, enabled: !rule.enabled })}
      >
        {rule.enabled ? 'Turn off' : 'Turn on'}
      </Button>
      <Button aria-label={`Delete ${rule.name}`} onPress={() => setAsking(true)}>
        Delete
      </Button>
      <Confirm
        title={`Delete the rule ${rule.name}?`}
        action="Delete"
        isOpen={isAsking}
        isBusy={change.isPending}
        onConfirm={() => change.mutate(undefined)}
        onClose={() => setAsking(false)}
      >
        {all.value.length === 1
          ? 'It is the only one: nobody is told of issues then. To pause it, turn it off instead.'
          : 'What it tells is told no more, unless another rule does. To pause it, turn it off instead.'}
      </Confirm>
    </div>
  );
}
