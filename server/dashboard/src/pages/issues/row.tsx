/** An issue in a line: the same in the list and on the overview. */

import { memo } from 'react';
import { Link } from 'react-router';
import type { Issue, IssueEvent } from '../../api/schema';
import { now } from '../../clock';
import { happeningName } from '../../live/words';
import { compact, plural, whole } from '../../ui/format';
import { Severity, Sparkline, Status, Time } from '../../ui/show';
import styles from './row.module.css';

/** For so long an open issue is called new, in milliseconds. */
export const IS_NEW_FOR = 24 * 60 * 60_000;

export function isNew({ first_seen, status }: Issue): boolean {
  return status.status === 'unresolved' && now() - first_seen < IS_NEW_FOR;
}

/** What an issue is called where it has no title: the client sent none. */
export function titleOf({ title }: Pick<Issue, 'title'>): string {
  return title || 'An issue without a title';
}

export function linkTo({ project, id }: Pick<Issue, 'project' | 'id'>): string {
  return `/projects/${project}/issues/${id}`;
}

/** The tint of what just happened. */
export function tint(event: IssueEvent | undefined): string {
  if (!event) return '';
  return styles[event === 'new' || event === 'recurred' ? 'justNew' : 'justBack'] ?? '';
}

/** Severity and status. */
export function Standing({ issue }: { issue: Issue }) {
  return (
    <>
      <Severity of={issue.severity} />
      {isNew(issue) ? <span className={styles['new']}>new</span> : <Status of={issue.status} />}
    </>
  );
}

/** Title and place, a line each, and what just happened in a word. */
export const Name = memo(function Name({
  issue,
  event,
  href,
  place,
}: {
  issue: Issue;
  event?: IssueEvent | undefined;
  /** Where whoever shows it leads there by themselves. */
  href?: string;
  place?: string;
}) {
  const title = titleOf(issue);
  return (
    <>
      <span className={styles['line']}>
        {event && <strong className={styles['word']}>{happeningName(event)}</strong>}
        {href === undefined ? (
          <Link to={linkTo(issue)} className={styles['title']} title={title}>
            {title}
          </Link>
        ) : (
          <a href={href} tabIndex={-1} className={styles['title']} title={title}>
            {title}
          </a>
        )}
      </span>
      <span className={styles['culprit']} title={issue.culprit}>
        {place && <span className={styles['place']}>{place} · </span>}
        {issue.culprit || issue.platform}
      </span>
    </>
  );
});

/** The last 24 hours. Until they are known their room is kept. */
export const Hours = memo(function Hours({ hours }: { hours: readonly number[] | undefined }) {
  if (!hours) return <span className={styles['noHours']} />;
  const sum = hours.reduce((all, count) => all + count, 0);
  return <Sparkline hours={hours} label={`${plural(Math.round(sum), 'event')} in 24 h`} />;
});

/** Events that happened; exact, and how many arrived, on hover. Where there are no columns they say what they are. */
export function Events({ issue, hasWord }: { issue: Issue; hasWord?: boolean }) {
  const happened = Math.round(issue.estimated);
  const title =
    happened === issue.raw ? plural(happened, 'event') : `${whole(happened)} estimated, ${whole(issue.raw)} arrived`;
  return (
    <span className="number" title={title}>
      {compact(happened)}
      <span className={hasWord ? '' : styles['unit']}>{happened === 1 ? ' event' : ' events'}</span>
    </span>
  );
}

/** People who were hit; sessions and customers on hover. */
export function Users({ issue: { impact }, hasWord }: { issue: Issue; hasWord?: boolean }) {
  const title = [
    plural(impact.users, 'user'),
    plural(impact.sessions, 'session'),
    ...(impact.customers > 0 ? [plural(impact.customers, 'customer')] : []),
  ].join(', ');
  return (
    <span className="number" title={title}>
      {compact(impact.users)}
      <span className={hasWord ? '' : styles['unit']}>{impact.users === 1 ? ' user' : ' users'}</span>
    </span>
  );
}

/** When it was seen first, and in which release. */
export function First({ issue }: { issue: Issue }) {
  return (
    <>
      <Time at={issue.first_seen} />
      {issue.introduced_in && (
        <span className={styles['culprit']} title={`First seen in ${issue.introduced_in}`}>
          {issue.introduced_in}
        </span>
      )}
    </>
  );
}
