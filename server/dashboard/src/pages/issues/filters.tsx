/** What is asked for: beside each other where there is room, behind a button where there is none. */

import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { choices } from '../../api/queries';
import { Actions, Button, Dialog, Search, Select } from '../../ui/controls';
import styles from './filters.module.css';
import { Suggest } from './suggest';
import { type Filters, isFiltered, isId, SEVERITIES, type Sort, type Which } from './which';

interface Props {
  project: number;
  which: Which;
  onChange: (next: Which) => void;
}

/** Drops what is empty: what is absent is any. */
function having(filters: Filters, changes: { [name in keyof Filters]?: string | undefined }): Filters {
  const next: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...filters, ...changes })) if (value) next[name] = value;
  return next as Filters;
}

/** Names may be anything: what is chosen is told from «any» by what stands before it. */
const ANY = 'any';
const CHOSEN = '=';

function OneOf({
  label,
  any,
  names,
  value,
  isLabelHidden,
  onChange,
}: {
  label: string;
  any: string;
  names: readonly string[];
  value: string | undefined;
  isLabelHidden: boolean;
  onChange: (value: string | undefined) => void;
}) {
  // A link may name one that is no longer offered.
  const all = value === undefined || names.includes(value) ? names : [value, ...names];
  return (
    <Select
      label={label}
      isLabelHidden={isLabelHidden}
      value={value === undefined ? ANY : CHOSEN + value}
      options={[{ id: ANY, name: any }, ...all.map((name) => ({ id: CHOSEN + name, name }))]}
      onChange={(id) => onChange(id === ANY ? undefined : id.slice(CHOSEN.length))}
    />
  );
}

const SORTS: readonly { id: Sort; name: string }[] = [
  { id: 'last_seen', name: 'Last seen first' },
  { id: 'opened', name: 'Newest first' },
];

/** Those that are chosen from a list. */
function Lists({ project, which, onChange, isLabelHidden }: Props & { isLabelHidden: boolean }) {
  const { data } = useQuery(choices(project));
  const { filters } = which;
  const set = (changes: { [name in keyof Filters]?: string | undefined }) =>
    onChange({ ...which, filters: having(filters, changes) });
  return (
    <>
      <OneOf
        label="Severity"
        any="Any severity"
        names={SEVERITIES}
        value={filters.severity}
        isLabelHidden={isLabelHidden}
        onChange={(severity) => set({ severity })}
      />
      <OneOf
        label="Environment"
        any="Any environment"
        names={data?.environments ?? []}
        value={filters.environment}
        isLabelHidden={isLabelHidden}
        onChange={(environment) => set({ environment })}
      />
      <OneOf
        label="Release"
        any="Any release"
        names={data?.releases ?? []}
        value={filters.release}
        isLabelHidden={isLabelHidden}
        onChange={(release) => set({ release })}
      />
      <Select
        label="Order"
        isLabelHidden={isLabelHidden}
        value={which.sort}
        options={SORTS}
        onChange={(sort) => onChange({ ...which, sort })}
      />
    </>
  );
}

export function FilterBar({ project, which, onChange }: Props) {
  const [isOpen, setOpen] = useState(false);
  const { filters } = which;
  const count = Object.keys(filters).filter((name) => name !== 'query').length;
  const search = (text: string) => {
    // Who has an event's id from a log looks for its issue.
    if (isId(text.trim())) onChange({ ...which, filters: having(filters, { event: text.trim(), query: undefined }) });
    else onChange({ ...which, filters: having(filters, { query: text.trim() }) });
  };
  return (
    <>
      <search className={styles['bar']}>
        <div className={styles['search']}>
          <Search
            label="Search issues"
            placeholder="Title, place, message or event id"
            value={filters.query ?? ''}
            onSearch={search}
          />
        </div>
        <div className={styles['lists']}>
          <Lists project={project} which={which} onChange={onChange} isLabelHidden />
        </div>
        <div className={styles['more']}>
          <Button onPress={() => setOpen(true)}>
            <span className={styles['wide']}>Tag, user…</span>
            <span className={styles['narrow']}>{count > 0 ? `Filters (${count})` : 'Filters'}</span>
          </Button>
        </div>
      </search>
      <Chips which={which} onChange={onChange} />
      {isOpen && <More project={project} which={which} onChange={onChange} onClose={() => setOpen(false)} />}
    </>
  );
}

const CHIPS = { query: 'Words', new_in: 'New in', tag: 'Tag', user: 'User', event: 'Event', trace: 'Trace' } as const;

/** What no list above shows, and the way to be rid of all. */
function Chips({ which, onChange }: Omit<Props, 'project'>) {
  if (!isFiltered(which)) return null;
  const { filters } = which;
  const shown = (Object.keys(CHIPS) as (keyof typeof CHIPS)[]).filter((name) => filters[name] && name !== 'query');
  return (
    <div className={styles['chips']}>
      {shown.map((name) => (
        <span key={name} className={styles['chip']}>
          <span className="clip">
            <span className="muted">{CHIPS[name]}</span> {filters[name]}
          </span>
          <button
            type="button"
            className={styles['remove']}
            aria-label={`Remove ${CHIPS[name].toLowerCase()} ${filters[name]}`}
            onClick={() => onChange({ ...which, filters: having(filters, { [name]: undefined }) })}
          >
            ×
          </button>
        </span>
      ))}
      <Button look="quiet" onPress={() => onChange({ ...which, filters: {} })}>
        Clear filters
      </Button>
    </div>
  );
}

/** The rest, and all of them where the others have no room. */
function More({ project, which, onChange, onClose }: Props & { onClose: () => void }) {
  const [draft, setDraft] = useState(which);
  const [name, setName] = useState(which.filters.tag?.split(':')[0] ?? '');
  const [value, setValue] = useState(which.filters.tag?.split(':').slice(1).join(':') ?? '');
  const [user, setUser] = useState(which.filters.user ?? '');
  const { data } = useQuery(choices(project));
  const { data: ofTag } = useQuery({ ...choices(project, name), enabled: data?.tags.includes(name) ?? false });
  const tag = name.trim() && value.trim() ? `${name.trim()}:${value.trim()}` : '';
  return (
    <Dialog title="Filters" isOpen onClose={onClose}>
      <form
        className={styles['form']}
        onSubmit={(event) => {
          event.preventDefault();
          onChange({ ...draft, filters: having(draft.filters, { tag, user: user.trim() }) });
          onClose();
        }}
      >
        <div className={styles['formLists']}>
          <Lists project={project} which={draft} onChange={setDraft} isLabelHidden={false} />
        </div>
        <Pair>
          <Suggest label="Tag" value={name} onChange={setName} options={data?.tags ?? []} />
          <Suggest label="Value of the tag" value={value} onChange={setValue} options={ofTag?.values ?? []} />
        </Pair>
        <Suggest
          label="User"
          value={user}
          onChange={setUser}
          options={[]}
          hint="The id, or else the e-mail address, name or IP address, as your application sends it."
        />
        <Actions>
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="primary">
            Show issues
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}

function Pair({ children }: { children: ReactNode }) {
  return <div className={styles['pair']}>{children}</div>;
}
