/** An issue: what it is, how bad, why, and what to do about it. */

import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'react-router';
import { problem } from '../../api/problem';
import { issue as issueQuery } from '../../api/queries';
import type { Whole } from '../../api/schema';
import { useMay, useProject } from '../../api/use-role';
import { ButtonLink, Tabs } from '../../ui/controls';
import { compact } from '../../ui/format';
import { Failure, Loading, Page } from '../../ui/page';
import { Severity, Status } from '../../ui/show';
import { Lost } from '../shell/lost';
import { Actions, Help } from './actions';
import { Chart } from './chart';
import { IssueFacts } from './facts';
import { Grouping } from './grouping';
import styles from './issue.module.css';
import { useKeys } from './keys';
import { Occurrences } from './list';
import { type Moves, useMoves } from './moves';
import { Occurrence, type Shown, useShown } from './occurrence';
import { Similar } from './similar';
import { Tags } from './tags';
import { Timeline } from './timeline';

/** Numbers of projects and issues; what else stands in an address is none. */
const NUMBER = /^[1-9]\d{0,15}$/;

export function IssuePage() {
  const { project = '', issue = '' } = useParams();
  if (!NUMBER.test(project) || !NUMBER.test(issue)) return <Lost />;
  // Another issue is another page: nothing that was opened or typed goes over.
  return <Asked key={issue} project={Number(project)} issue={Number(issue)} />;
}

function Asked({ project, issue }: { project: number; issue: number }) {
  const { data, error, refetch } = useQuery(issueQuery(project, issue));
  // What is on screen stays there, whatever happens to the connection.
  if (data && problem(error).status !== 404) return <Found whole={data} />;
  if (error) {
    if (problem(error).status === 404) return <Lost />;
    return (
      <Page title={`Issue ${issue}`}>
        <Failure error={error} onRetry={() => void refetch()} />
      </Page>
    );
  }
  return (
    <Page title={`Issue ${issue}`} heading={<h1 className="hidden-text">Issue {issue}</h1>}>
      <Loading lines={12} />
    </Page>
  );
}

const TABS = ['occurrence', 'occurrences', 'tags', 'history', 'grouping', 'similar'] as const;
type Tab = (typeof TABS)[number];

function Found({ whole }: { whole: Whole }) {
  const { issue, details } = whole;
  const moves = useMoves(issue.project, issue.id);
  const mayChange = useMay(issue.project, 'member');
  const shown = useShown(issue);
  const into = issue.merged_into ?? null;
  useKeys({
    j: () => shown.data?.older && shown.show(shown.data.older),
    k: () => shown.data?.newer && shown.show(shown.data.newer),
  });
  return (
    <Page
      title={issue.title}
      heading={<Head whole={whole} />}
      actions={mayChange && into === null && <Actions issue={issue} details={details} moves={moves} />}
    >
      {into === null ? (
        <>
          <div className={styles['numbers']}>
            <IssueFacts issue={issue} details={details} />
            <Chart issue={issue} details={details} />
          </div>
          <Parts whole={whole} shown={shown} moves={moves} mayChange={mayChange} />
        </>
      ) : (
        <div className={styles['merged']}>
          <p>
            This issue was merged into <b>#{into}</b>. Its occurrences are counted and shown there.
          </p>
          <ButtonLink to={`/projects/${issue.project}/issues/${into}`} look="primary">
            Go to issue #{into}
          </ButtonLink>
        </div>
      )}
      <Help mayChange={mayChange} />
    </Page>
  );
}

function Head({ whole: { issue } }: { whole: Whole }) {
  const name = useProject()?.project.name;
  const { type, title } = issue;
  // `KeyError: 'sku'` says its type: it is set apart, not said twice.
  const rest = type !== '' && title.startsWith(`${type}: `) ? title.slice(type.length + 2) : title;
  return (
    <div className={styles['head']}>
      <div className={styles['standing']}>
        <Severity of={issue.severity} />
        <Status of={issue.status} hasDetail />
        {!issue.is_handled && <span className={styles['unhandled']}>unhandled</span>}
        <span className="muted">
          #{issue.id} in {name}
        </span>
      </div>
      <h1 className={styles['title']}>
        {rest === title ? (
          title
        ) : (
          <>
            <span className={styles['type']}>{type}:</span> {rest}
          </>
        )}
      </h1>
      {issue.culprit && <p className={styles['culprit']}>{issue.culprit}</p>}
    </div>
  );
}

function Parts({
  whole: { issue, details },
  shown,
  moves,
  mayChange,
}: {
  whole: Whole;
  shown: Shown;
  moves: Moves;
  mayChange: boolean;
}) {
  const [params] = useSearchParams();
  const asked = params.get('tab');
  const tab: Tab = TABS.find((one) => one === asked) ?? 'occurrence';
  const to = (one: Tab) => {
    const next = new URLSearchParams(params);
    if (one === 'occurrence') next.delete('tab');
    else next.set('tab', one);
    return `?${next}`;
  };
  const names: Record<Tab, string> = {
    occurrence: 'Occurrence',
    occurrences: `All stored (${compact(issue.stored)})`,
    tags: 'Tags',
    history: 'History',
    grouping: 'Grouping',
    similar: 'Similar',
  };
  return (
    <div className={styles['parts']}>
      <Tabs
        label="Parts of the issue"
        tabs={TABS.map((one) => ({ to: to(one), name: names[one], isHere: one === tab }))}
      />
      {tab === 'occurrence' && <Occurrence shown={shown} project={issue.project} issue={issue.id} />}
      {tab === 'occurrences' && <Occurrences issue={issue} shown={shown.data?.event_id} />}
      {tab === 'tags' && <Tags issue={issue} details={details} />}
      {tab === 'history' && <Timeline issue={issue} details={details} />}
      {tab === 'grouping' && <Grouping issue={issue} details={details} event={shown.data?.event_id} />}
      {tab === 'similar' && <Similar issue={issue} moves={moves} mayChange={mayChange} />}
    </div>
  );
}
