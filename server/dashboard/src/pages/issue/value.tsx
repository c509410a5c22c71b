/** Free detail of an event: texts with what was filtered marked, lists and objects that open. */

import { Fragment, type ReactNode, useState } from 'react';
import { Button } from '../../ui/controls';
import { plural, whole } from '../../ui/format';
import { useMore } from './more';
import type { Json } from './parts';
import styles from './value.module.css';

/** Characters of a text, and entries of an object, that are shown before more is asked for. */
const CHARS = 600;
const ENTRIES = 30;
/** Characters of what stands for an object that is closed. */
const PREVIEW = 90;

const FILTERED = /(\[Filtered(?::[^\]\s]{1,64})?\])/;

/** Words in which what was filtered is seen. */
export function Words({ of }: { of: string }) {
  if (!of.includes('[Filtered')) return <>{of}</>;
  return of.split(FILTERED).map((part, index) =>
    index % 2 === 1 ? (
      <mark key={index} className={styles['filtered']} title="Filtered before it was sent or stored">
        {part}
      </mark>
    ) : (
      <Fragment key={index}>{part}</Fragment>
    ),
  );
}

/** A text of any length. */
export function Text({ of }: { of: string }) {
  const [isWhole, setWhole] = useState(false);
  if (of === '') return <span className="muted">(empty)</span>;
  if (of.length <= CHARS || isWhole) return <span className={styles['text']}>{<Words of={of} />}</span>;
  return (
    <span className={styles['text']}>
      <Words of={of.slice(0, CHARS)} />…{' '}
      <Button look="quiet" onPress={() => setWhole(true)}>
        Show all {whole(of.length)} characters
      </Button>
    </span>
  );
}

/** The beginning of a value, on a line. No more of it is looked at than is shown. */
function preview(value: Json, room = PREVIEW): string {
  if (typeof value === 'string') return JSON.stringify(value.length > room ? `${value.slice(0, room)}…` : value);
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  let isFirst = true;
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue;
    if (text.length > room) return `${text}, …${isList ? ']' : '}'}`;
    const inner = (value as { [name: string]: Json })[name] ?? null;
    const shown = preview(inner, Math.max(8, room - text.length));
    text += `${isFirst ? '' : ', '}${isList ? '' : `${name}: `}${shown}`;
    isFirst = false;
  }
  return text + (isList ? ']' : '}');
}

/** Any value. */
export function Value({ of, isOpen = false }: { of: Json; isOpen?: boolean }) {
  if (typeof of === 'string') return <Text of={of} />;
  if (typeof of !== 'object' || of === null) return <span className={styles['plain']}>{String(of)}</span>;
  const entries = Object.entries(of);
  if (entries.length === 0) return <span className="muted">{Array.isArray(of) ? '[]' : '{}'}</span>;
  return <Nested of={of} entries={entries} isOpen={isOpen} />;
}

function Nested({ of, entries, isOpen }: { of: Json; entries: [string, Json][]; isOpen: boolean }) {
  const [isShown, setShown] = useState(isOpen);
  const what = Array.isArray(of) ? plural(entries.length, 'entry', 'entries') : plural(entries.length, 'name');
  return (
    <div className={styles['nested']}>
      <button type="button" className={styles['toggle']} aria-expanded={isShown} onClick={() => setShown(!isShown)}>
        <span aria-hidden="true">{isShown ? '▾' : '▸'}</span>{' '}
        {isShown ? (
          <span className="muted">{what}</span>
        ) : (
          <span className={styles['text']}>
            <Words of={preview(of)} />
          </span>
        )}
      </button>
      {isShown && <Entries of={entries} />}
    </div>
  );
}

function Entries({ of }: { of: readonly [string, Json][] }) {
  const { shown, more } = useMore(of, ENTRIES, 'entries');
  return (
    <>
      <dl className={styles['entries']}>
        {shown.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              <Value of={value} />
            </dd>
          </Fragment>
        ))}
      </dl>
      {more}
    </>
  );
}

/** Names and their values, beside each other. */
export function Pairs({ of, label, first = 50 }: { of: readonly [string, Json][]; label: string; first?: number }) {
  const { shown, more } = useMore(of, first, label);
  return (
    <>
      <dl className={styles['pairs']}>
        {shown.map(([name, value], index) => (
          <div key={index}>
            <dt>{name}</dt>
            <dd>
              <Value of={value} />
            </dd>
          </div>
        ))}
      </dl>
      {more}
    </>
  );
}

/** A part of an occurrence under its heading. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles['section']} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
