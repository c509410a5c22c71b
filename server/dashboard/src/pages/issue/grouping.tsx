/** Why an occurrence is of this issue, and of which patterns the issue is made. */

import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Grouping as GroupingOf, Issue, IssueDetails } from '../../api/schema';
import { problem } from '../../api/problem';
import { plural } from '../../ui/format';
import { Empty, Failure, Loading } from '../../ui/page';
import { Count, Table, Time } from '../../ui/show';
import { grouping } from './asked';
import styles from './issue.module.css';
import { useMore } from './more';
import { type Hashed, type HashedStack, readRecord } from './record';
import { Section, Text } from './value';

export function Grouping({
  issue,
  details,
  event,
}: {
  issue: Issue;
  details: IssueDetails;
  event: string | undefined;
}) {
  return (
    <div className={styles['sections']}>
      <Why project={issue.project} event={event} />
      <Patterns issue={issue} details={details} />
    </div>
  );
}

function Why({ project, event }: { project: number; event: string | undefined }) {
  const { data, error, refetch } = useQuery({ ...grouping(project, event ?? ''), enabled: event !== undefined });
  if (error && problem(error).status !== 404) return <Failure error={error} onRetry={() => void refetch()} />;
  if (event === undefined || error) {
    return (
      <Empty title="It cannot be said for this occurrence">
        <p>Its contents are not stored. The patterns below tell what the issue is made of.</p>
      </Empty>
    );
  }
  if (!data) return <Loading lines={6} />;
  return (
    <Section title="Why this occurrence is here">
      <Answer of={data} />
    </Section>
  );
}

const BASIS: Record<string, string> = {
  exceptions: 'Occurrences are one issue when the same errors come from the same places in the code:',
  message: 'There is no error: occurrences are one issue when logger and message are the same, apart from numbers:',
  thread: 'There is no error: occurrences are one issue when they come from the same place in the code:',
  nothing: 'There is no error, no message and no stack: logger and transaction make the issue.',
};

function Answer({ of }: { of: GroupingOf }) {
  const record = readRecord(of.record);
  return (
    <>
      {!of.agrees && (
        <p className={styles['notice']}>
          The client named this fault by rules of its own, or by an earlier algorithm: what is shown here would make
          another pattern.
        </p>
      )}
      {record.own.length > 0 && (
        <p>
          The application groups by words of its own: <Text of={record.own.join(', ')} />
        </p>
      )}
      <p>{BASIS[record.basis] ?? 'What counts:'}</p>
      <Parts of={record} />
      <p className="muted">
        Algorithm {record.version || '?'}, pattern <code className={styles['hash']}>{of.fingerprint}</code>
      </p>
    </>
  );
}

function Parts({ of }: { of: Hashed }) {
  return (
    <>
      {of.stacks.map((stack, index) => (
        <StackView key={index} of={stack} />
      ))}
      {of.message && (
        <p>
          {of.message.logger && (
            <>
              logger <Text of={of.message.logger} />,{' '}
            </>
          )}
          message <Text of={of.message.text} />
        </p>
      )}
    </>
  );
}

function StackView({ of }: { of: HashedStack }) {
  const newest = of.frames.toReversed();
  const { shown, more } = useMore(newest, 20, 'frames');
  return (
    <div>
      {of.type && <h3 className={styles['hash']}>{of.type}</h3>}
      {of.message && (
        <p>
          No frame counts, so its message does: <Text of={of.message} />
        </p>
      )}
      {of.members > 0 && <p>{plural(of.members, 'different member')} of the group, whatever their order.</p>}
      <ol className={styles['counted']}>
        {shown.map(({ module, function: name }, index) => (
          <li key={index}>
            <code>{name || '(no name)'}</code> <span className="muted">{module}</span>
          </li>
        ))}
      </ol>
      {more}
      {of.dropped.length > 0 && <p className="muted">Not counted: {of.dropped.join(', ')}.</p>}
    </div>
  );
}

function Patterns({ issue, details }: { issue: Issue; details: IssueDetails }) {
  const { shown, more } = useMore(details.patterns, 20, 'patterns');
  return (
    <Section
      title={details.patterns.length === 1 ? 'Its pattern' : `Its ${details.patterns.length} patterns`}
      aside={details.patterns.length > 1 && <span className="muted">those of other issues came by merges</span>}
    >
      <Table
        label="Patterns"
        head={
          <>
            <th>Pattern</th>
            <th>Came from</th>
            <th className="number">Events</th>
            <th>First seen</th>
            <th>Last seen</th>
          </>
        }
      >
        {shown.map((pattern) => (
          <tr key={pattern.fingerprint}>
            <td>
              <code title={pattern.fingerprint}>{pattern.fingerprint.slice(0, 16)}</code>
            </td>
            <td>
              {pattern.home === issue.id ? (
                'this issue'
              ) : (
                <Link to={`/projects/${issue.project}/issues/${pattern.home}`}>#{pattern.home}</Link>
              )}
            </td>
            <td className="number">
              <Count value={Math.round(pattern.estimated)} />
            </td>
            <td>
              <Time at={pattern.first_seen} />
            </td>
            <td>
              <Time at={pattern.last_seen} />
            </td>
          </tr>
        ))}
      </Table>
      {more}
    </Section>
  );
}
