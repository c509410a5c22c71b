/** Issues that may have the same cause, and a way to make them one. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Alike, Issue } from '../../api/schema';
import { Button, Confirm } from '../../ui/controls';
import { percent } from '../../ui/format';
import { Empty, Failure, Loading } from '../../ui/page';
import { Count, Severity, Status, Table, Time } from '../../ui/show';
import { similar } from './asked';
import styles from './issue.module.css';
import type { Moves } from './moves';

export function Similar({ issue, moves, mayChange }: { issue: Issue; moves: Moves; mayChange: boolean }) {
  const { data, error, refetch } = useQuery(similar(issue.project, issue.id));
  const [asking, setAsking] = useState<Alike>();
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading lines={6} />;
  if (data.items.length === 0) {
    return (
      <Empty title="No issue is like this one">
        <p>Compared are stack, message and place; below {percent(data.min_score)} nothing is suggested.</p>
      </Empty>
    );
  }
  return (
    <>
      <Table
        label="Similar issues"
        head={
          <>
            <th>Issue</th>
            <th className="number">Likeness</th>
            <th className="number">Events</th>
            <th>Last seen</th>
            {mayChange && (
              <th>
                <span className="hidden-text">What to do</span>
              </th>
            )}
          </>
        }
      >
        {data.items.map((one) => (
          <tr key={one.issue.id}>
            <td className={styles['alike']}>
              <Link to={`/projects/${issue.project}/issues/${one.issue.id}`}>{one.issue.title}</Link>
              <div className="muted">
                <Severity of={one.issue.severity} /> <Status of={one.issue.status} /> {one.issue.culprit}
              </div>
            </td>
            <td className="number" title="Of stack, message and place together">
              {percent(one.likeness.score)}
              <div className={`muted ${styles['shares']}`}>
                stack {percent(one.likeness.parts.stack)}, message {percent(one.likeness.parts.message)}, place{' '}
                {percent(one.likeness.parts.context)}
              </div>
            </td>
            <td className="number">
              <Count value={Math.round(one.issue.estimated)} />
            </td>
            <td>
              <Time at={one.issue.last_seen} />
            </td>
            {mayChange && (
              <td className="number">
                <Button onPress={() => setAsking(one)} aria-label={`Merge ${one.issue.title} into this issue`}>
                  Merge
                </Button>
              </td>
            )}
          </tr>
        ))}
      </Table>
      <Confirm
        title="Merge into this issue?"
        action="Merge"
        isOpen={asking !== undefined}
        isBusy={moves.isBusy}
        onClose={() => setAsking(undefined)}
        onConfirm={() => {
          if (asking)
            void moves
              .move({ move: 'merge', issues: [asking.issue.id] }, issue.version)
              .then(() => setAsking(undefined));
        }}
      >
        <p>
          Occurrences of <b>{asking?.issue.title}</b> count here from then on, and its page leads here. It can be
          undone.
        </p>
      </Confirm>
    </>
  );
}
