/** The issues of a project: what there is, how bad, how often, and what is done about it. */

import { useEffect, useRef, useState } from 'react';
import type { Issue } from '../../api/schema';
import { useMay, useProject } from '../../api/use-role';
import { Button, Tick } from '../../ui/controls';
import { plural, whole } from '../../ui/format';
import { Failure, Loading, Page } from '../../ui/page';
import { Bar } from './actions';
import { Export } from './export';
import { FilterBar } from './filters';
import { Grid, type GridHandle } from './grid';
import gridStyles from './grid.module.css';
import styles from './issues.module.css';
import { Keys } from './keys';
import type { Move } from './moves';
import { NoIssues } from './nothing';
import type { Hold } from './rows';
import { countOf, Statuses, useCounts } from './statuses';
import { Told } from './told';
import { useActs } from './use-acts';
import { useKeys } from './use-keys';
import { useList } from './use-list';
import { type Selection, useSelection } from './use-selection';
import { useWhich } from './which';

/** Scrolled by less, the first row is still seen. */
const AT_TOP = 8;

export function Issues() {
  const project = useProject()?.project.id ?? 0;
  const mayAct = useMay(project, 'member');
  const [which, setWhich] = useWhich();
  const hold = useRef<Hold>({ isHeld: false, isAtTop: true });
  const list = useList(project, which, hold);
  const counts = useCounts(project, which.filters);
  const selection = useSelection();
  const acts = useActs(project, list, selection);
  const page = useRef<HTMLDivElement>(null);
  const grid = useRef<GridHandle>(null);
  const [hasKeys, setKeys] = useState(false);
  const { rows } = list;

  const name = JSON.stringify(which);
  const { clear } = selection;
  // What was chosen in another list is not acted on unseen.
  useEffect(() => clear(), [clear, name]);

  useHold(hold, page, selection, rows?.waiting.length ?? 0, list.show);

  const act = (move: Move) => {
    const { selected } = selection;
    const current = grid.current?.current();
    void acts.run(selected.size > 0 ? [...selected.values()] : current ? [current] : [], move);
  };
  useKeys({
    j: () => grid.current?.step(1),
    k: () => grid.current?.step(-1),
    ArrowDown: () => grid.current?.step(1),
    '/': () => page.current?.querySelector<HTMLElement>('input[type=search]')?.focus(),
    '?': () => setKeys(true),
    ...(mayAct
      ? {
          e: () => act({ move: 'resolve' }),
          a: () => act({ move: 'acknowledge' }),
          i: () => act({ move: 'ignore' }),
          Escape: clear,
          'Ctrl+a': () => selection.only(rows?.items ?? []),
        }
      : {}),
  });

  const total = counts ? countOf(counts, which.status) : -1;
  const isAll = rows !== undefined && rows.next === null;
  return (
    <Page
      title="Issues"
      actions={
        <>
          <span className={styles['hasKeyboard']}>
            <Button look="quiet" onPress={() => setKeys(true)}>
              Keys <kbd>?</kbd>
            </Button>
          </span>
          <Export project={project} which={which} />
        </>
      }
    >
      <div ref={page} className={styles['issues']}>
        <Statuses which={which} counts={counts} />
        <FilterBar project={project} which={which} onChange={setWhich} />
        {acts.told && <Told told={acts.told} onDismiss={acts.dismiss} />}
        {rows && rows.items.length > 0 ? (
          <>
            <Grid
              key={name}
              project={project}
              items={rows.items}
              label="Issues"
              total={isAll ? rows.items.length : total}
              selection={selection}
              mayAct={mayAct}
              handle={grid}
              onNearEnd={list.more}
              head={
                <div className={gridStyles['top']}>
                  <Head items={rows.items} selection={selection} mayAct={mayAct}>
                    {selection.selected.size > 0 && <Bar project={project} acts={acts} selection={selection} />}
                  </Head>
                  <Waiting count={rows.waiting.length} hasMore={rows.hasGap} onShow={list.show} />
                </div>
              }
            />
            <p className={styles['end']} role="status">
              {list.failure ? null : isAll ? plural(rows.items.length, 'issue') : 'Loading more…'}
            </p>
            {list.failure !== undefined && <Failure error={list.failure} onRetry={() => void list.more()} />}
          </>
        ) : rows ? (
          <NoIssues which={which} counts={counts} onChange={setWhich} />
        ) : list.error ? (
          <Failure error={list.error} onRetry={list.retry} />
        ) : (
          <Loading lines={12} />
        )}
      </div>
      {hasKeys && <Keys mayAct={mayAct} onClose={() => setKeys(false)} />}
    </Page>
  );
}

/** Notes how the list is held, and shows what waits once its top is seen again. */
function useHold(
  hold: React.RefObject<Hold>,
  page: React.RefObject<HTMLDivElement | null>,
  { selected }: Selection,
  waiting: number,
  show: () => void,
): void {
  const isChosen = selected.size > 0;
  useEffect(() => {
    let isPointedAt = false;
    const inGrid = (node: EventTarget | null) => node instanceof Element && node.closest('[role=grid]') !== null;
    const note = () => {
      hold.current.isHeld = isChosen || isPointedAt || inGrid(document.activeElement);
      hold.current.isAtTop = window.scrollY <= AT_TOP;
    };
    const point = ({ target }: Event) => {
      isPointedAt = inGrid(target);
      note();
    };
    const leave = () => {
      isPointedAt = false;
      note();
    };
    const scroll = () => {
      note();
      if (hold.current.isAtTop && waiting > 0) show();
    };
    const element = page.current;
    note();
    element?.addEventListener('pointerover', point);
    element?.addEventListener('pointerleave', leave);
    element?.addEventListener('focusin', note);
    element?.addEventListener('focusout', note);
    window.addEventListener('scroll', scroll, { passive: true });
    return () => {
      element?.removeEventListener('pointerover', point);
      element?.removeEventListener('pointerleave', leave);
      element?.removeEventListener('focusin', note);
      element?.removeEventListener('focusout', note);
      window.removeEventListener('scroll', scroll);
    };
  }, [hold, page, isChosen, waiting, show]);
}

/** The names of the columns, which each cell says as well; what can be done, once something is chosen. */
function Head({
  items,
  selection,
  mayAct,
  children,
}: {
  items: readonly Issue[];
  selection: Selection;
  mayAct: boolean;
  children: React.ReactNode;
}) {
  const { selected } = selection;
  const isAll = selected.size > 0 && items.every((item) => selected.has(item.id));
  const all = mayAct && (
    <Tick
      aria-label={`Select all ${whole(items.length)} loaded issues`}
      isSelected={isAll}
      isIndeterminate={selected.size > 0 && !isAll}
      onChange={(isOn) => (isOn ? selection.only(items) : selection.clear())}
    />
  );
  if (children) {
    return (
      <div className={styles['chosen']}>
        {all}
        {children}
      </div>
    );
  }
  return (
    <div className={gridStyles['head']}>
      {all && <div className={gridStyles['check']}>{all}</div>}
      <div aria-hidden="true">Severity, status</div>
      <div aria-hidden="true" className={gridStyles['issue']}>
        Issue
      </div>
      <div aria-hidden="true" className={gridStyles['hours']}>
        24 hours
      </div>
      <div aria-hidden="true" className={gridStyles['end']}>
        Events
      </div>
      <div aria-hidden="true" className={gridStyles['end']}>
        Users
      </div>
      <div aria-hidden="true">Last seen</div>
      <div aria-hidden="true" className={gridStyles['first']}>
        First seen
      </div>
    </div>
  );
}

/** What came while someone was reading further down: it moves nothing until they ask for it. */
function Waiting({ count, hasMore, onShow }: { count: number; hasMore: boolean; onShow: () => void }) {
  return (
    <div className={styles['waiting']} role="status">
      {count > 0 && (
        <Button
          look="primary"
          onPress={() => {
            onShow();
            window.scrollTo({ top: 0 });
          }}
        >
          {`${whole(count)}${hasMore ? ' or more' : ''} new`}
        </Button>
      )}
    </div>
  );
}
