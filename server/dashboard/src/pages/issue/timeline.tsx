/** What happened to an issue and who did it, together with the releases in which it was seen, the last first. */

import { Link } from 'react-router';
import type { HistoryLine, Issue, IssueDetails } from '../../api/schema';
import { happening, occurrence, reason } from '../../live/words';
import { Time } from '../../ui/show';
import styles from './issue.module.css';
import { useMore } from './more';

const FIRST = 50;

interface Entry {
  key: string;
  time: number;
  text: string;
  why: string;
  event: string;
  kind: string;
}

function ofHistory(line: HistoryLine): Entry {
  return {
    key: `h${line.number}`,
    time: line.time,
    text: happening(line.event, line.detail, line.who),
    why: reason(line.detail),
    event: occurrence(line.detail) ?? '',
    kind: line.event === 'new' || line.event === 'regressed' ? line.event : '',
  };
}

/** When it was first seen in each release; the first of all is the issue's own beginning. */
function ofReleases(details: IssueDetails): Entry[] {
  const first = new Map<string, number>();
  for (const { release, first_seen } of details.seen_in) {
    if (release !== '') first.set(release, Math.min(first.get(release) ?? Number.POSITIVE_INFINITY, first_seen));
  }
  return [...first].map(([release, time]) => ({
    key: `r${release}`,
    time,
    text: `First seen in the release ${release}`,
    why: '',
    event: '',
    kind: 'release',
  }));
}

export function Timeline({ issue, details }: { issue: Issue; details: IssueDetails }) {
  const entries = [...details.history.map(ofHistory), ...ofReleases(details)].sort((a, b) => b.time - a.time);
  const { shown, more } = useMore(entries, FIRST, 'lines');
  return (
    <>
      <ol className={styles['timeline']} aria-label="History">
        {shown.map(({ key, time, text, why, event, kind }) => (
          <li key={key} data-kind={kind || undefined}>
            <Time at={time} className="muted" />
            <div>
              {text}
              {event && (
                <>
                  {' '}
                  <Link to={`/projects/${issue.project}/issues/${issue.id}?event=${encodeURIComponent(event)}`}>
                    occurrence
                  </Link>
                </>
              )}
              {why && <p className={styles['why']}>{why}</p>}
            </div>
          </li>
        ))}
      </ol>
      {more}
    </>
  );
}
