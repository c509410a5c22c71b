/** The errors of an occurrence and their stacks: our own code open, libraries folded, what ran last first. */

import { useState, useSyncExternalStore } from 'react';
import { Button, Dialog } from '../../ui/controls';
import { plural } from '../../ui/format';
import { say } from '../../ui/notices';
import { Copy } from '../../ui/show';
import { FrameView } from './frame';
import { useMore } from './more';
import type { Frame, Occurred, Stack as StackOf, Thrown } from './parts';
import styles from './stack.module.css';
import { traceText } from './trace-text';
import { Section, Text } from './value';

/** Errors of a chain, and groups of frames of a stack, that are shown at first. */
const ERRORS = 10;
const GROUPS = 40;
/** Frames of our own that are open at first: of what was raised, and of each cause. */
const OPEN_FIRST = 4;
const OPEN_OF_CAUSE = 1;

const ORDER = 'faultwire.frames';
const listeners = new Set<() => void>();

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

function isOldestFirst(): boolean {
  return localStorage.getItem(ORDER) === 'oldest';
}

function turnOrder(): void {
  localStorage.setItem(ORDER, isOldestFirst() ? 'newest' : 'oldest');
  for (const tell of listeners) tell();
}

/** All errors of an occurrence. */
export function Errors({ of }: { of: Occurred }) {
  const isOldest = useSyncExternalStore(subscribe, isOldestFirst);
  const { shown, more } = useMore(of.thrown, ERRORS, 'errors');
  return (
    <Section title="Stack" aside={<Tools of={of} isOldest={isOldest} />}>
      {shown.map((error, index) => (
        <ErrorView key={index} of={error} isFirst={index === 0} isOldest={isOldest} />
      ))}
      {more}
    </Section>
  );
}

function Tools({ of, isOldest }: { of: Occurred; isOldest: boolean }) {
  const [text, setText] = useState('');
  const copy = async () => {
    const whole = traceText(of);
    try {
      await navigator.clipboard.writeText(whole);
      say('The stack is copied.');
    } catch {
      // Not over plain http: it is shown, to be taken by hand.
      setText(whole);
    }
  };
  return (
    <div className={styles['tools']}>
      <Button look="quiet" onPress={turnOrder}>
        {isOldest ? 'Oldest frame first' : 'Newest frame first'} <span aria-hidden="true">⇅</span>
      </Button>
      <Button look="quiet" onPress={() => void copy()}>
        Copy as text
      </Button>
      <Dialog title="The stack as text" isOpen={text !== ''} onClose={() => setText('')}>
        <Copy label="the stack" text={text} />
      </Dialog>
    </div>
  );
}

const LINKS: Record<Thrown['relation'], string> = {
  raised: '',
  cause: 'Caused by',
  context: 'Raised while handling',
  member: 'Member of the group',
};

function ErrorView({ of, isFirst, isOldest }: { of: Thrown; isFirst: boolean; isOldest: boolean }) {
  const { relation, depth, type, module, value, isHandled, isGroup, source } = of;
  return (
    <article
      className={styles['error']}
      style={{ marginInlineStart: `${Math.min(depth, 4) * 1.25}rem` }}
      aria-label={type || 'Error'}
    >
      <header className={styles['errorHead']}>
        {LINKS[relation] && (
          <p className={styles['link']}>
            {LINKS[relation]}
            {relation === 'member' && source && <code> {source}</code>}
          </p>
        )}
        <h3 title={module ? `${module}.${type}` : type}>{type || 'Error without a type'}</h3>
        {isGroup && <span className="muted">group of errors</span>}
        {isHandled === false && <span className={styles['unhandled']}>nobody caught it</span>}
        {value && (
          <p className={styles['message']}>
            <Text of={value} />
          </p>
        )}
      </header>
      {of.stack ? (
        <Frames of={of.stack} isOldest={isOldest} open={isFirst ? OPEN_FIRST : OPEN_OF_CAUSE} />
      ) : (
        <p className="muted">It came without a stack.</p>
      )}
    </article>
  );
}

/** Frames of our own one by one, those of libraries that follow each other as one. */
function grouped(frames: readonly Frame[]): Frame[][] {
  const groups: Frame[][] = [];
  for (const frame of frames) {
    const last = groups.at(-1);
    if (!frame.isInApp && last?.[0] && !last[0].isInApp) last.push(frame);
    else groups.push([frame]);
  }
  return groups;
}

/** A stack. */
export function Frames({ of, isOldest, open }: { of: StackOf; isOldest: boolean; open: number }) {
  const { frames, total } = of;
  const newest = frames.toReversed();
  // Where nothing is our own, the place where it happened is what there is to see.
  const own = newest.filter((frame) => frame.isInApp);
  const isOpen = new Set((own.length > 0 ? own : newest.slice(0, 1)).slice(0, open));
  const groups = grouped(isOldest ? frames : newest);
  const { shown, more } = useMore(groups, GROUPS, 'places');
  const left = total - frames.length;
  return (
    <>
      {left > 0 && (
        <p className="muted">
          {left} of {plural(total, 'frame')} left out, as the stack was too long.
        </p>
      )}
      <ol className={styles['frames']}>
        {shown.map((group, index) => (
          <Group key={`${isOldest}${index}`} of={group} isOpen={isOpen} isOnly={own.length === 0} />
        ))}
      </ol>
      {more}
    </>
  );
}

function Group({ of, isOpen, isOnly }: { of: Frame[]; isOpen: Set<Frame>; isOnly: boolean }) {
  const [first] = of;
  const [isShown, setShown] = useState(isOnly);
  const { shown, more } = useMore(of, GROUPS, 'frames');
  if (!first) return null;
  if (first.isInApp) {
    return (
      <li>
        <FrameView of={first} isOpen={isOpen.has(first)} />
      </li>
    );
  }
  return (
    <>
      {!isOnly && (
        <li>
          <button type="button" className={styles['fold']} aria-expanded={isShown} onClick={() => setShown(!isShown)}>
            <span aria-hidden="true">{isShown ? '▾' : '▸'}</span> {plural(of.length, 'frame')} of libraries
            {!isShown && first.module && <span className={styles['hint']}>{first.module}</span>}
          </button>
        </li>
      )}
      {isShown &&
        shown.map((frame, index) => (
          <li key={index}>
            <FrameView of={frame} isOpen={isOpen.has(frame)} />
          </li>
        ))}
      {isShown && more && <li>{more}</li>}
    </>
  );
}

/** Threads that have a stack, or say something beyond their number. */
export function Threads({ of }: { of: Occurred }) {
  const isOldest = useSyncExternalStore(subscribe, isOldestFirst);
  const threads = of.threads.filter((thread) => thread.stack || of.threads.length > 1);
  const { shown, more } = useMore(threads, ERRORS, 'threads');
  if (threads.length === 0) return null;
  return (
    <Section title="Threads">
      {shown.map((thread, index) => (
        <ThreadView key={index} of={thread} isOldest={isOldest} isOpen={of.thrown.length === 0 && index === 0} />
      ))}
      {more}
    </Section>
  );
}

function ThreadView({ of, isOldest, isOpen }: { of: Occurred['threads'][number]; isOldest: boolean; isOpen: boolean }) {
  const [isShown, setShown] = useState(isOpen);
  const name = of.name || `thread ${of.id}`;
  const notes = [of.isCrashed && 'crashed', of.isCurrent && 'where it happened', of.id && `id ${of.id}`];
  const said = notes.filter(Boolean).join(', ');
  if (!of.stack) {
    return (
      <p className={styles['thread']}>
        <b>{name}</b> <span className="muted">{said}</span>
      </p>
    );
  }
  return (
    <div>
      <button type="button" className={styles['fold']} aria-expanded={isShown} onClick={() => setShown(!isShown)}>
        <span aria-hidden="true">{isShown ? '▾' : '▸'}</span> <b>{name}</b> <span className="muted">{said}</span>
      </button>
      {isShown && <Frames of={of.stack} isOldest={isOldest} open={OPEN_FIRST} />}
    </div>
  );
}
