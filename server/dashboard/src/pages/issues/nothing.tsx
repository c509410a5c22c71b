import type { Counts } from '../../api/schema';
import { Button, ButtonLink } from '../../ui/controls';
import { Empty } from '../../ui/page';
import { countOf } from './statuses';
import { isFiltered, type Which } from './which';

/** There is no issue: whether that is good, and what to do next. */
export function NoIssues({
  which,
  counts,
  onChange,
}: {
  which: Which;
  counts: Counts | undefined;
  onChange: (next: Which) => void;
}) {
  const { status, filters } = which;
  if (isFiltered(which)) {
    const { event } = filters;
    return (
      <Empty title="No issue is like that">
        <p>
          {status === 'all'
            ? 'No issue of this project fits all of the filters.'
            : 'No issue that stands here fits all of the filters. Others may: see the counts above.'}
        </p>
        <Button onPress={() => onChange({ ...which, filters: {} })}>Clear filters</Button>
        {event && (
          <Button onPress={() => onChange({ ...which, status: 'all', filters: { trace: event } })}>
            Look for it as the id of a trace
          </Button>
        )}
      </Empty>
    );
  }
  if (counts && countOf(counts, 'all') === 0) {
    return (
      <Empty title="Nothing has arrived yet">
        <p>Issues appear here as soon as an application sends its first error. It takes a minute to set up.</p>
        <ButtonLink look="primary" to="../setup" relative="path">
          Set up an SDK
        </ButtonLink>
      </Empty>
    );
  }
  if (status === 'open') {
    return (
      <Empty title="Nothing is open">
        <p>All issues of this project are resolved or ignored. What comes back or is new appears here by itself.</p>
      </Empty>
    );
  }
  return (
    <Empty title={status === 'unresolved' ? 'No issue is unresolved' : `No issue is ${status}`}>
      <p>The other tabs have what stands elsewhere.</p>
    </Empty>
  );
}
