/** What happens to the issues of a project, as it happens. */

import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useState } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { Link, useParams, useSearchParams } from 'react-router';
import type { IssueEvent } from '../../api/schema';
import { HAPPENINGS, happeningName } from '../../live/words';
import { Button, ButtonLink } from '../../ui/controls';
import { plural, whole } from '../../ui/format';
import { Empty, Failure, Loading, Page } from '../../ui/page';
import { Time } from '../../ui/show';
import { Days } from './days';
import styles from './feed.module.css';
import { useHold, useIsDown } from './hold';
import { type Part, part } from './lines';

/** What is chosen is in the address: `kinds=new,regressed`, and `before` the number of a line where one turned the page. */
function useChosen() {
  const { project } = useParams();
  const [params, setParams] = useSearchParams();
  const named = (params.get('kinds') ?? '').split(',');
  const kinds = HAPPENINGS.filter((kind) => named.includes(kind));
  const before = Number(params.get('before')) || undefined;
  const address = (change: { kinds?: readonly IssueEvent[]; before?: number | undefined }) => {
    const next = new URLSearchParams(params);
    const set = (name: string, value: string) => (value ? next.set(name, value) : next.delete(name));
    if (change.kinds) set('kinds', change.kinds.join());
    set('before', change.before ? String(change.before) : '');
    return next;
  };
  return {
    project: Number(project),
    kinds,
    before,
    choose: (next: readonly IssueEvent[]) => setParams(address({ kinds: next }), { replace: true }),
    to: (change: Parameters<typeof address>[0]) => `?${address(change)}`,
  };
}

export function Feed() {
  const { project, kinds, before, choose, to } = useChosen();
  const [isPaused, setPaused] = useState(false);
  const { data, error, refetch } = useQuery(part(project, kinds, before));
  useEffect(() => {
    if (before !== undefined) window.scrollTo(0, 0);
  }, [before]);
  const actions =
    before === undefined ? (
      <Button onPress={() => setPaused(!isPaused)} aria-pressed={isPaused}>
        {isPaused ? 'Go on' : 'Pause'}
      </Button>
    ) : (
      <ButtonLink to={to({})}>Back to the newest</ButtonLink>
    );
  return (
    <Page title="Live feed" actions={actions}>
      <Kinds chosen={kinds} onChoose={choose} />
      {data ? (
        <Lines
          // What is held is of one list.
          key={`${kinds.join()} ${before ?? ''}`}
          project={project}
          found={data}
          isFiltered={kinds.length > 0}
          isPaused={isPaused && before === undefined}
          isLive={before === undefined}
          to={to}
        />
      ) : error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading lines={14} />
      )}
    </Page>
  );
}

function Kinds({
  chosen,
  onChoose,
}: {
  chosen: readonly IssueEvent[];
  onChoose: (kinds: readonly IssueEvent[]) => void;
}) {
  return (
    <ToggleButtonGroup
      className={styles['kinds'] ?? ''}
      aria-label="What is shown; all if nothing is chosen"
      selectionMode="multiple"
      selectedKeys={chosen}
      onSelectionChange={(keys) => onChoose(HAPPENINGS.filter((kind) => keys.has(kind)))}
    >
      {HAPPENINGS.map((kind) => (
        <ToggleButton key={kind} id={kind} className={styles['kind'] ?? ''}>
          {happeningName(kind)}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

function Lines({
  project,
  found,
  isFiltered,
  isPaused,
  isLive,
  to,
}: {
  project: number;
  found: Part;
  isFiltered: boolean;
  isPaused: boolean;
  isLive: boolean;
  to: (change: { kinds?: readonly IssueEvent[]; before?: number | undefined }) => string;
}) {
  const isDown = useIsDown();
  const { shown, waiting, release } = useHold(found.lines, isLive && (isPaused || isDown));
  // Many lines at once are rendered in pieces, between which the page answers.
  const rendered = useDeferredValue(shown);
  // What came since the page was opened is shown to be new.
  const [openedAt] = useState(found.top);
  const isEmpty = shown.length === 0 && waiting === 0;
  return (
    <div className={styles['feed']}>
      <div className={styles['waiting']} role="status">
        {waiting > 0 && (
          <Button
            look="primary"
            onPress={() => {
              release();
              window.scrollTo(0, 0);
            }}
          >
            {whole(waiting)} new
          </Button>
        )}
        {waiting === 0 && isPaused && <span className={styles['paused']}>Paused</span>}
      </div>
      {isEmpty ? (
        <Nothing project={project} isFiltered={isFiltered} isEnd={found.next === undefined} to={to} />
      ) : (
        <Days project={project} lines={rendered} openedAt={openedAt} />
      )}
      <footer className={styles['end']}>
        {found.next !== undefined ? (
          <>
            <ButtonLink to={to({ before: found.next })}>{isEmpty ? 'Look further back' : 'Older'}</ButtonLink>
            {isFiltered && found.since !== undefined && (
              <span className="muted">
                {plural(shown.length, 'line')} since <Time at={found.since} />
              </span>
            )}
          </>
        ) : (
          !isEmpty && <span className="muted">This is where it began.</span>
        )}
      </footer>
    </div>
  );
}

function Nothing({
  project,
  isFiltered,
  isEnd,
  to,
}: {
  project: number;
  isFiltered: boolean;
  isEnd: boolean;
  to: (change: { kinds: readonly IssueEvent[] }) => string;
}) {
  if (isFiltered) {
    return (
      <Empty title="Nothing of this kind">
        <p>
          {isEnd ? 'It has not happened yet, or it was chosen not to be shown.' : 'Not among the latest lines.'} What
          happens from now on comes here by itself.
        </p>
        <ButtonLink to={to({ kinds: [] })}>Show all kinds</ButtonLink>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing has happened yet">
      <p>New issues, those that come back, spikes and what people do about them come here as it happens.</p>
      <Link to={`/projects/${project}/setup`}>Set up an SDK</Link>
    </Empty>
  );
}
