import { useState } from 'react';
import type { Frame } from './parts';
import styles from './stack.module.css';
import { Pairs, Words } from './value';

/** Locals that are shown before more is asked for. */
const LOCALS = 25;
/** Characters of a line of source: one of a bundle is the whole program. */
const LINE = 500;

/** One call: where it was, the source around it, and what its names stood for. */
export function FrameView({ of, isOpen: isOpenFirst }: { of: Frame; isOpen: boolean }) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  const hasMore = of.source.length > 0 || of.locals.length > 0;
  const line = (
    <>
      <span className={styles['function']}>{of.function || of.address || '(no name)'}</span>
      <span className={styles['place']} title={of.path || of.package}>
        {of.place}
        {of.line !== undefined && <b>:{of.line}</b>}
        {of.column !== undefined && `:${of.column}`}
      </span>
    </>
  );
  return (
    <div className={of.isInApp ? styles['own'] : styles['foreign']}>
      {hasMore ? (
        <button type="button" className={styles['frame']} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
          {line}
        </button>
      ) : (
        <div className={styles['frame']}>
          <span aria-hidden="true" />
          {line}
        </div>
      )}
      {isOpen && of.source.length > 0 && <Source of={of} />}
      {isOpen && of.locals.length > 0 && <Locals of={of} isOpen={isOpenFirst} />}
    </div>
  );
}

function Source({ of }: { of: Frame }) {
  return (
    <ol className={styles['source']}>
      {of.source.map(({ number, text, isCurrent }, index) => (
        <li key={index} className={styles['line']} {...(isCurrent ? { 'aria-current': 'true' as const } : {})}>
          <span className={styles['lineNumber']}>{number}</span>
          <code>
            <Words of={text.length > LINE ? `${text.slice(0, LINE)}…` : text} />
          </code>
        </li>
      ))}
    </ol>
  );
}

function Locals({ of, isOpen: isOpenFirst }: { of: Frame; isOpen: boolean }) {
  const [isOpen, setOpen] = useState(isOpenFirst && of.locals.length <= LOCALS);
  return (
    <div className={styles['locals']}>
      <button type="button" className={styles['fold']} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> Locals ({of.locals.length})
      </button>
      {isOpen && <Pairs of={of.locals} label="locals" first={LOCALS} />}
    </div>
  );
}
