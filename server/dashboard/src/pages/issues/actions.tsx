/** What can be done to the issues that are chosen. Stands in place of the names of the columns. */

import { useState } from 'react';
import type { Issue } from '../../api/schema';
import { Button, Menu, MenuItem } from '../../ui/controls';
import { whole } from '../../ui/format';
import { Progress } from '../../ui/show';
import { InRelease, Merge, UntilCount, UntilTime } from './asking';
import styles from './issues.module.css';
import type { Acts } from './use-acts';
import type { Selection } from './use-selection';

type Asking = 'release' | 'count' | 'time' | 'merge';

export function Bar({ project, acts, selection }: { project: number; acts: Acts; selection: Selection }) {
  const [asking, setAsking] = useState<Asking>();
  const issues: Issue[] = [...selection.selected.values()];
  const { running, run } = acts;
  const close = () => setAsking(undefined);
  if (running) return <Progress label={running.label} done={running.done} total={running.total} />;
  const ignore = (
    <>
      <MenuItem onAction={() => void run(issues, { move: 'ignore' })}>Ignore for good</MenuItem>
      <MenuItem onAction={() => void run(issues, { move: 'ignore_until_next_release' })}>
        Ignore until the next release
      </MenuItem>
      <MenuItem onAction={() => setAsking('count')}>Ignore for more occurrences…</MenuItem>
      <MenuItem onAction={() => setAsking('time')}>Ignore until a time…</MenuItem>
    </>
  );
  return (
    <div role="toolbar" aria-label="Selected issues" className={styles['acts']}>
      <span className={styles['count']}>{whole(issues.length)} selected</span>
      <Menu label="Resolve">
        <MenuItem onAction={() => void run(issues, { move: 'resolve' })}>Resolve now</MenuItem>
        <MenuItem onAction={() => void run(issues, { move: 'resolve_in_next_release' })}>
          Resolve in the next release
        </MenuItem>
        <MenuItem onAction={() => setAsking('release')}>Resolve in a release…</MenuItem>
      </Menu>
      <span className={styles['roomy']}>
        <Menu label="Ignore">{ignore}</Menu>
        <Button onPress={() => void run(issues, { move: 'acknowledge' })}>Acknowledge</Button>
        <Button onPress={() => void run(issues, { move: 'reopen' })}>Reopen</Button>
        <Button isDisabled={issues.length < 2} onPress={() => setAsking('merge')}>
          Merge…
        </Button>
      </span>
      <span className={styles['tight']}>
        <Menu label="More">
          <MenuItem onAction={() => void run(issues, { move: 'acknowledge' })}>Acknowledge</MenuItem>
          {ignore}
          <MenuItem onAction={() => void run(issues, { move: 'reopen' })}>Reopen</MenuItem>
          {issues.length > 1 && <MenuItem onAction={() => setAsking('merge')}>Merge…</MenuItem>}
        </Menu>
      </span>
      <Button look="quiet" isIcon aria-label="Select nothing" onPress={selection.clear}>
        ×
      </Button>
      {asking === 'release' && (
        <InRelease
          project={project}
          onClose={close}
          onSay={(release) => void run(issues, { move: 'resolve_in_release', release })}
        />
      )}
      {asking === 'count' && (
        <UntilCount onClose={close} onSay={(count) => void run(issues, { move: 'ignore_until_count', count })} />
      )}
      {asking === 'time' && (
        <UntilTime onClose={close} onSay={(time) => void run(issues, { move: 'ignore_until_time', time })} />
      )}
      {asking === 'merge' && (
        <Merge issues={issues} onClose={close} onSay={(into, others) => void acts.merge(into, others)} />
      )}
    </div>
  );
}
