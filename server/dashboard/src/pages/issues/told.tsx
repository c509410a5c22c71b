import type { ReactNode } from 'react';
import type { Issue } from '../../api/schema';
import { Button } from '../../ui/controls';
import { plural } from '../../ui/format';
import { statusDetail, statusName } from '../../ui/show';
import styles from './issues.module.css';
import { titleOf } from './row';
import type { Told as What } from './use-acts';

/** Lines that are spelt out of each kind. */
const SPELT_OUT = 5;

/** What came of something that was not done to all: what was, what was not, and why. */
export function Told({ told, onDismiss }: { told: What; onDismiss: () => void }) {
  const { done, stale, gone, refused, left, error, what } = told;
  return (
    <section className={styles['told']} role="alert" aria-label="What was done">
      <div className={styles['toldHead']}>
        <strong>
          {done.length > 0 ? `${plural(done.length, 'issue')} ${what}, others not.` : `Nothing was ${what}.`}
        </strong>
        <Button look="quiet" isIcon aria-label="Take away" onPress={onDismiss}>
          ×
        </Button>
      </div>
      <Lines
        issues={stale}
        head={`Changed by someone else meanwhile: ${plural(stale.length, 'issue')}, left as ${stale.length === 1 ? 'it is' : 'they are'} and still selected.`}
      >
        {(issue) => `${titleOf(issue)}: now ${statusName(issue.status.status)} ${statusDetail(issue.status)}`}
      </Lines>
      <Lines
        issues={refused.map(({ issue }) => issue)}
        head={`Refused: ${plural(refused.length, 'issue')}, still selected.`}
      >
        {(issue) => `${titleOf(issue)}: ${refused.find((one) => one.issue.id === issue.id)?.why ?? ''}`}
      </Lines>
      <Lines issues={gone} head={`Not there any more: ${plural(gone.length, 'issue')}.`}>
        {titleOf}
      </Lines>
      {error && (
        <p>
          {error.message.charAt(0).toUpperCase() + error.message.slice(1)}
          {left.length > 0 && ` ${plural(left.length, 'issue')} not asked for, and still selected.`}
        </p>
      )}
    </section>
  );
}

function Lines({
  issues,
  head,
  children,
}: {
  issues: readonly Issue[];
  head: string;
  children: (issue: Issue) => ReactNode;
}) {
  if (issues.length === 0) return null;
  return (
    <div>
      <p>{head}</p>
      <ul className={styles['toldLines']}>
        {issues.slice(0, SPELT_OUT).map((issue) => (
          <li key={issue.id} className="clip">
            {children(issue)}
          </li>
        ))}
        {issues.length > SPELT_OUT && <li>and {plural(issues.length - SPELT_OUT, 'other')}</li>}
      </ul>
    </div>
  );
}
