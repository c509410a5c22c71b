/** In which releases, environments and with which tags it occurs, and how much of it. */

import { Link } from 'react-router';
import type { Issue, IssueDetails } from '../../api/schema';
import { percent, whole } from '../../ui/format';
import { Empty } from '../../ui/page';
import { useMore } from './more';
import { listed } from './surroundings';
import styles from './tags.module.css';
import { Section, Words } from './value';

/** Values of a tag, and tags, that are shown at first. */
const VALUES = 8;
const TAGS = 30;

interface Distribution {
  name: string;
  values: [string, number][];
  /** Where issues with the same value are listed. */
  by: (value: string) => Record<string, string>;
}

function summed(pairs: Iterable<[string, number]>): [string, number][] {
  const sums = new Map<string, number>();
  for (const [value, count] of pairs) sums.set(value, (sums.get(value) ?? 0) + count);
  return [...sums].sort(([, a], [, b]) => b - a);
}

function distributions({ seen_in, tags }: IssueDetails): Distribution[] {
  const seen = (name: 'release' | 'environment'): Distribution => ({
    name,
    values: summed(seen_in.map((one) => [one[name], one.count])),
    by: (value) => ({ [name]: value }),
  });
  const names = [...new Set(tags.map((tag) => tag.name))];
  return [
    seen('environment'),
    seen('release'),
    ...names.map((name) => ({
      name,
      values: summed(tags.filter((tag) => tag.name === name).map(({ value, count }) => [value, count])),
      by: (value: string) => ({ tag: `${name}:${value}` }),
    })),
  ].filter(({ values }) => values.length > 0);
}

export function Tags({ issue, details }: { issue: Issue; details: IssueDetails }) {
  const all = distributions(details);
  const { shown, more } = useMore(all, TAGS, 'tags');
  if (all.length === 0) {
    return (
      <Empty title="No tags">
        <p>Occurrences of this issue say no release, no environment and no tags.</p>
      </Empty>
    );
  }
  return (
    <>
      <div className={styles['all']}>
        {shown.map((one) => (
          <Tag key={one.name} of={one} project={issue.project} />
        ))}
      </div>
      {more}
    </>
  );
}

function Tag({ of, project }: { of: Distribution; project: number }) {
  const total = of.values.reduce((sum, [, count]) => sum + count, 0);
  const { shown, more } = useMore(of.values, VALUES, 'values');
  return (
    <Section title={of.name}>
      <ul className={styles['values']}>
        {shown.map(([value, count]) => (
          <li key={value}>
            <div className={styles['value']}>
              {value === '' ? (
                <span className="muted">{of.name === 'release' || of.name === 'environment' ? 'none' : 'others'}</span>
              ) : (
                <Link to={listed(project, of.by(value))}>
                  <Words of={value} />
                </Link>
              )}
            </div>
            <span className="number">{whole(count)}</span>
            <span className="number muted">{percent(count / total)}</span>
            <div className={styles['bar']}>
              <div style={{ width: `${(count / total) * 100}%` }} />
            </div>
          </li>
        ))}
      </ul>
      {more}
    </Section>
  );
}
