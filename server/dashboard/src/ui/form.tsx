/** Forms: fields under each other, what is wrong under them, and the headed parts of a page that they stand in. */

import type { ReactNode } from 'react';
import * as Aria from 'react-aria-components';
import { problem } from '../api/problem';
import styles from './form.module.css';

/** Fields, and what happens when they are sent. */
export function Form({
  onSubmit,
  isWide,
  children,
}: {
  onSubmit: () => void;
  /** Where fields stand beside each other. */
  isWide?: boolean;
  children: ReactNode;
}) {
  return (
    <Aria.Form
      className={`${styles['form']} ${isWide ? styles['wide'] : ''}`}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </Aria.Form>
  );
}

/** Fields beside each other, as far as there is room. */
export function Row({ children }: { children: ReactNode }) {
  return <div className={styles['row']}>{children}</div>;
}

/** What the server said against it. */
export function Wrong({ error }: { error: unknown }) {
  if (!error) return null;
  const { message } = problem(error);
  return (
    <p role="alert" className={styles['wrong']}>
      {message.charAt(0).toUpperCase() + message.slice(1)}
    </p>
  );
}

/** A headed part of a page, with a word about what it is for. */
export function Section({ title, lead, children }: { title: ReactNode; lead?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles['section']}>
      <h2>{title}</h2>
      {lead && <p className={styles['lead']}>{lead}</p>}
      {children}
    </section>
  );
}
