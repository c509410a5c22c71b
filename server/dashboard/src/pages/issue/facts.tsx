/** How often, whom, since when: what one has to know before anything is read. */

import { Link } from 'react-router';
import type { Issue, IssueDetails } from '../../api/schema';
import { compact, plural, whole } from '../../ui/format';
import { Time } from '../../ui/show';
import styles from './issue.module.css';
import { listed } from './surroundings';

/** Names of releases and environments that stand here; all are in the distribution. */
const NAMES = 4;

export function IssueFacts({ issue, details }: { issue: Issue; details: IssueDetails }) {
  const { impact, estimated, raw, stored } = issue;
  const happened = Math.round(estimated);
  return (
    <dl className={styles['facts']}>
      <div>
        <dt>Events</dt>
        <dd>
          <strong title={whole(happened)}>{compact(happened)}</strong>
          <small title="Clients send some of very many: how many there were is known by what they say">
            {whole(raw)} arrived, {whole(stored)} stored
          </small>
        </dd>
      </div>
      <div>
        <dt>Users</dt>
        <dd>
          <strong title={whole(impact.users)}>{compact(impact.users)}</strong>
          <small>
            {plural(impact.sessions, 'session')}, {plural(impact.customers, 'customer')}
          </small>
        </dd>
      </div>
      <div>
        <dt>First seen</dt>
        <dd>
          <strong>
            <Time at={issue.first_seen} />
          </strong>
          <small>{issue.introduced_in ? `in ${issue.introduced_in}` : 'without a release'}</small>
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>
          <strong>
            <Time at={issue.last_seen} />
          </strong>
          <small>{issue.last_release ? `in ${issue.last_release}` : 'without a release'}</small>
        </dd>
      </div>
      <Seen issue={issue} details={details} name="environment" title="Environments" />
      <Seen issue={issue} details={details} name="release" title="Releases" />
    </dl>
  );
}

function Seen({
  issue,
  details,
  name,
  title,
}: {
  issue: Issue;
  details: IssueDetails;
  name: 'environment' | 'release';
  title: string;
}) {
  const values = [...new Set(details.seen_in.map((seen) => seen[name]))].filter(Boolean);
  if (values.length === 0) return null;
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        <ul className={styles['names']}>
          {values.slice(0, NAMES).map((value) => (
            <li key={value}>
              <Link to={listed(issue.project, { [name]: value })}>{value}</Link>
            </li>
          ))}
          {values.length > NAMES && (
            <li>
              <Link to="?tab=tags">and {values.length - NAMES} more</Link>
            </li>
          )}
        </ul>
      </dd>
    </div>
  );
}
