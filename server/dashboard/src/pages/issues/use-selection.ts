import { useCallback, useRef, useState } from 'react';
import type { Issue } from '../../api/schema';

/** Issues by number, each as it was when it was chosen: what changed since is not changed unseen. */
export type Selected = ReadonlyMap<number, Issue>;

/** What is chosen in a list. */
export function useSelection() {
  const [selected, setSelected] = useState<Selected>(new Map());
  const anchor = useRef<number | undefined>(undefined);

  /** Chooses one or gives it up; with `isRange` all from the last one that was chosen. */
  const toggle = useCallback((issue: Issue, items: readonly Issue[], isRange: boolean) => {
    const from = isRange ? items.findIndex((item) => item.id === anchor.current) : -1;
    const to = items.findIndex((item) => item.id === issue.id);
    anchor.current = issue.id;
    setSelected((before) => {
      const next = new Map(before);
      if (from >= 0 && to >= 0) {
        for (const item of items.slice(Math.min(from, to), Math.max(from, to) + 1)) next.set(item.id, item);
      } else if (!next.delete(issue.id)) next.set(issue.id, issue);
      return next;
    });
  }, []);

  const only = useCallback((issues: readonly Issue[]) => {
    setSelected(new Map(issues.map((issue) => [issue.id, issue])));
  }, []);

  const clear = useCallback(() => {
    anchor.current = undefined;
    setSelected((before) => (before.size > 0 ? new Map() : before));
  }, []);

  return { selected, toggle, only, clear };
}

export type Selection = ReturnType<typeof useSelection>;
