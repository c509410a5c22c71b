import { memo } from 'react';
import type { Issue, IssueEvent } from '../../api/schema';
import { Time } from '../../ui/show';
import styles from './grid.module.css';
import { Events, First, Hours, Name, Standing, tint, titleOf, Users } from './row';

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
  /** The issue's own address. */
  href: string;
  onOpen: (issue: Issue) => void;
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
  href,
  onOpen,
  onToggle,
}: Props) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys.
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={mayAct ? isSelected : undefined}
      data-issue={issue.id}
      tabIndex={isCurrent ? 0 : -1}
      className={`${styles['row']} ${tint(event)}`}
      style={{ height, transform: `translateY(${start}px)` }}
      onFocus={() => onFocus({ id: issue.id, index })}
      onClick={(click) => {
        // Into another tab, or a text that is being selected: no wish to leave the list.
        if (click.metaKey || click.ctrlKey || click.shiftKey || String(window.getSelection()) !== '') return;
        click.preventDefault();
        onOpen(issue);
      }}
    >
      {mayAct && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys.
        // biome-ignore lint/a11y/noStaticElementInteractions: it is a cell, and as wide as a finger.
        <div
          {...CELL}
          className={styles['check']}
          onClick={(click) => {
            // With the shift key all from the last one on: a box alone would not know of it.
            click.stopPropagation();
            onToggle(issue, click.shiftKey);
          }}
        >
          <input
            type="checkbox"
            className={styles['box']}
            checked={isSelected}
            readOnly
            tabIndex={-1}
            aria-label={`Select ${titleOf(issue)}`}
          />
        </div>
      )}
      <div {...CELL} className={styles['standing']}>
        <Standing issue={issue} />
      </div>
      <div {...CELL} className={styles['name']}>
        <Name issue={issue} event={event} href={href} />
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
        <span className="hidden-text">last seen </span>
        <Time at={issue.last_seen} />
      </div>
      <div {...CELL} className={styles['first']}>
        <span className="hidden-text">first seen </span>
        <First issue={issue} />
      </div>
    </div>
  );
});
