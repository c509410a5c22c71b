/** What is not in an occurrence because it was secret, or too long: said, so that nobody looks for it. */

import { plural, whole } from '../../ui/format';
import { useMore } from './more';
import styles from './occurrence.module.css';
import type { Occurred, Remark } from './parts';
import { Section } from './value';

const FIRST = 15;

function name({ rule, isFiltered, isRemoved }: Remark): string {
  if (!isFiltered) return isRemoved ? 'entries left out: too many' : 'cut: too long';
  if (rule === 'name' || rule === 'filtered') return 'hidden, as its name says that it is secret';
  return isRemoved ? `left out by the rule ${rule}` : `hidden by the rule ${rule}`;
}

export function Filtered({ of }: { of: Occurred }) {
  const hidden = of.remarks.filter((remark) => remark.isFiltered);
  const cut = of.remarks.filter((remark) => !remark.isFiltered);
  return (
    <>
      {hidden.length > 0 && <Remarks of={hidden} title="What was filtered" />}
      {cut.length > 0 && <Remarks of={cut} title="What was cut" />}
    </>
  );
}

function Remarks({ of, title }: { of: readonly Remark[]; title: string }) {
  const { shown, more } = useMore(of, FIRST, 'places');
  return (
    <Section title={title} aside={<span className="muted">{plural(of.length, 'place')}</span>}>
      <ul className={styles['remarks']}>
        {shown.map((remark, index) => (
          <li key={index}>
            <code>{remark.place || 'the whole event'}</code>
            <span className="muted">
              {name(remark)}
              {remark.length !== undefined && ` (length before: ${whole(remark.length)})`}
            </span>
          </li>
        ))}
      </ul>
      {more}
    </Section>
  );
}
