import { memo } from 'react';
import { useNavigate } from 'react-router';
import type { Issue, IssueEvent } from '../../api/schema';
import { Tick } from '../../ui/controls';
import { Time } from '../../ui/show';
import styles from './grid.module.css';
import { Events, First, Hours, linkTo, Name, Standing, tint, titleOf, Users } from './row';

interface Props {
  issue: Issue;
  index: number;
  start: number;
  height: number;
  event: IssueEvent | undefined;
  hours: readonly number[] | undefined;
  isSelected: boolean;
  /** Whether Tab comes here. */
  isCurrent: boolean;
  mayAct: boolean;
  onFocus: (at: { id: number; index: number }) => void;
  onToggle: (issue: Issue, isRange: boolean) => void;
}

/** The row takes the focus, not its cells. */
const CELL = { role: 'gridcell' } as const;

/** A row. Drawn again only when something in it is another. */
export const GridRow = memo(function GridRow({
  issue,
  index,
  start,
  height,
  event,
  hours,
  isSelected,
  isCurrent,
  mayAct,
  onFocus,
  onToggle,
}: Props) {
  const navigate = useNavigate();
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys.
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={mayAct ? isSelected : undefined}
      data-issue={issue.id}
      tabIndex={isCurrent ? 0 : -1}
      className={`${styles['row']} ${tint(event)}`}
      style={{ height, transform: `translateY(${start}px)` }}
      onFocus={() => onFocus({ id: issue.id, index })}
      onClick={(click) => {
        const on = click.target as HTMLElement;
        // A text that is being selected is no wish to go elsewhere.
        if (on.closest('a, label, input') || String(window.getSelection()) !== '') return;
        void navigate(linkTo(issue));
      }}
    >
      {mayAct && (
        <div
          {...CELL}
          className={styles['check']}
          onClickCapture={(click) => {
            // With the shift key all from the last one on: a box alone would not know of it.
            click.preventDefault();
            click.stopPropagation();
            onToggle(issue, click.shiftKey);
          }}
        >
          <Check isSelected={isSelected} title={titleOf(issue)} />
        </div>
      )}
      <div {...CELL} className={styles['standing']}>
        <Standing issue={issue} />
      </div>
      <div {...CELL} className={styles['name']}>
        <Name issue={issue} event={event} tabIndex={-1} />
      </div>
      <div {...CELL} className={styles['hours']}>
        <Hours hours={hours} />
      </div>
      <div {...CELL} className={styles['events']}>
        <Events issue={issue} />
      </div>
      <div {...CELL} className={styles['users']}>
        <Users issue={issue} />
      </div>
      <div {...CELL} className={styles['last']}>
        <Time at={issue.last_seen} />
      </div>
      <div {...CELL} className={styles['first']}>
        <First issue={issue} />
      </div>
    </div>
  );
});

const Check = memo(function Check({ isSelected, title }: { isSelected: boolean; title: string }) {
  return <Tick isSelected={isSelected} isReadOnly excludeFromTabOrder aria-label={`Select ${title}`} />;
});
