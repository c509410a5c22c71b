import { useNews } from '../../live/news';
import { happening } from '../../live/words';
import { Time } from '../../ui/show';
import { Events, Hours, Name, Standing, tint, Users } from '../issues/row';
import { useHours } from '../issues/use-activity';
import styles from './home.module.css';
import type { Shown } from './use-overview';

/** A few issues, each with its project where there are several. */
export function List({
  label,
  shown,
  projects,
}: {
  label: string;
  shown: readonly Shown[];
  projects: ReadonlyMap<number, string> | undefined;
}) {
  return (
    <ul aria-label={label}>
      {shown.map((one) => (
        <Row key={one.issue.id} {...one} place={projects?.get(one.issue.project)} />
      ))}
    </ul>
  );
}

function Row({ issue, line, place }: Shown & { place: string | undefined }) {
  const event = useNews().get(issue.id);
  const hours = useHours(issue);
  // What was told of it, or else which release brought it.
  const words = line
    ? happening(line.event, line.detail, line.who)
    : issue.introduced_in
      ? `since ${issue.introduced_in}`
      : 'of no release';
  return (
    <li className={`${styles['row']} ${tint(event)}`}>
      <div className={styles['standing']}>
        <Standing issue={issue} />
      </div>
      <div className={styles['name']}>
        <Name issue={issue} event={event} {...(place ? { place } : {})} />
      </div>
      <div className={styles['hours']}>
        <Hours hours={hours} />
      </div>
      <div className={styles['number']}>
        <Events issue={issue} hasWord />
        <Users issue={issue} hasWord />
      </div>
      <div className={styles['when']}>
        <span className="clip" title={words}>
          {words}
        </span>
        <Time at={line?.time ?? issue.last_seen} />
      </div>
    </li>
  );
}
