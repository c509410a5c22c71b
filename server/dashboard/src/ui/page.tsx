/** The frame of a page, and what it is when there is nothing, nothing yet, or something wrong. */

import { type ReactNode, useEffect } from 'react';
import { problem } from '../api/problem';
import { Button } from './controls';
import styles from './page.module.css';

/** A page: its title is the document's as well. */
export function Page({
  title,
  heading,
  actions,
  children,
}: {
  title: string;
  /** Where the heading says more than the title. */
  heading?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Faultwire`;
  }, [title]);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        {heading ?? <h1>{title}</h1>}
        {actions && <div className={styles['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** There is nothing: why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles['note']}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Something went wrong: what, and what to do next. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { message, status, reason, requestId } = problem(error);
  const title =
    status === 404
      ? 'There is no such thing, or it is not for you'
      : status === 403
        ? 'You may not do this'
        : reason === 'unreachable'
          ? 'The server cannot be reached'
          : 'That did not work';
  return (
    <div className={`${styles['note']} ${styles['failure']}`} role="alert">
      <h2>{title}</h2>
      <p>{message.charAt(0).toUpperCase() + message.slice(1)}</p>
      {requestId && (
        <p className="muted">
          The server's log has more under <code>{requestId}</code>.
        </p>
      )}
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** Something is on its way: it takes the room that it will take, so that nothing jumps. */
export function Loading({ lines = 8 }: { lines?: number }) {
  return (
    <div className={styles['skeleton']} role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className={styles['line']} style={{ width: `${90 - ((index * 37) % 45)}%` }} />
      ))}
    </div>
  );
}
