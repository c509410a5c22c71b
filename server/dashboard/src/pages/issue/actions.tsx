/** What can be done about an issue, for those who may. */

import { useState } from 'react';
import { Actions as Buttons, Button, Confirm, Dialog, Menu, MenuItem } from '../../ui/controls';
import type { Issue, IssueDetails } from '../../api/schema';
import { plural } from '../../ui/format';
import { IgnoreCount, IgnoreTime, InRelease, MergeWith } from './asking';
import { ConflictDialog } from './conflict';
import { KEYS, useKeys } from './keys';
import type { Move, Moves } from './moves';

export type Asking = 'release' | 'count' | 'time' | 'merge' | 'unmerge';

export function Actions({ issue, details, moves }: { issue: Issue; details: IssueDetails; moves: Moves }) {
  const [asking, setAsking] = useState<{ what: Asking; version: number }>();
  const { status } = issue.status;
  const isDone = status === 'resolved' || status === 'ignored';
  const borrowed = details.patterns.filter((pattern) => pattern.home !== issue.id).length;
  const move = (what: Move, version = issue.version) => moves.move(what, version);
  const now = (what: Move) => void move(what);
  const ask = (what: Asking) => setAsking({ what, version: issue.version });
  const close = () => setAsking(undefined);
  useKeys({
    e: () => now({ move: 'resolve' }),
    a: () => now({ move: 'acknowledge' }),
    i: () => now({ move: 'ignore' }),
  });
  // What was seen is what was there when the dialog was opened, not what the stream has brought since.
  const form = { close, isBusy: moves.isBusy, submit: (what: Move) => move(what, asking?.version) };
  return (
    <>
      {isDone ? (
        <Button look="primary" isBusy={moves.isBusy} onPress={() => now({ move: 'reopen' })}>
          Reopen
        </Button>
      ) : (
        <Button look="primary" isBusy={moves.isBusy} onPress={() => now({ move: 'resolve' })}>
          Resolve
        </Button>
      )}
      <Menu label="More" name="More to do with this issue" isDisabled={moves.isBusy}>
        {isDone && <MenuItem onAction={() => now({ move: 'resolve' })}>Resolve</MenuItem>}
        <MenuItem onAction={() => now({ move: 'resolve_in_next_release' })}>Resolve in the next release</MenuItem>
        <MenuItem onAction={() => ask('release')}>Resolve in a release…</MenuItem>
        {status !== 'acknowledged' && <MenuItem onAction={() => now({ move: 'acknowledge' })}>Acknowledge</MenuItem>}
        {status !== 'unresolved' && !isDone && <MenuItem onAction={() => now({ move: 'reopen' })}>Reopen</MenuItem>}
        <MenuItem onAction={() => now({ move: 'ignore' })}>Ignore for good</MenuItem>
        <MenuItem onAction={() => now({ move: 'ignore_until_next_release' })}>Ignore until the next release</MenuItem>
        <MenuItem onAction={() => ask('count')}>Ignore until it occurs more often…</MenuItem>
        <MenuItem onAction={() => ask('time')}>Ignore until a time…</MenuItem>
        <MenuItem onAction={() => ask('merge')}>Merge with…</MenuItem>
        {borrowed > 0 && <MenuItem onAction={() => ask('unmerge')}>Unmerge…</MenuItem>}
      </Menu>
      <InRelease {...form} isOpen={asking?.what === 'release'} issue={issue} />
      <IgnoreCount {...form} isOpen={asking?.what === 'count'} />
      <IgnoreTime {...form} isOpen={asking?.what === 'time'} />
      <MergeWith {...form} isOpen={asking?.what === 'merge'} issue={issue} />
      <Confirm
        title="Give back what was merged?"
        action="Unmerge"
        isOpen={asking?.what === 'unmerge'}
        isBusy={moves.isBusy}
        onClose={close}
        onConfirm={() => void form.submit({ move: 'unmerge' }).then(close)}
      >
        <p>
          {plural(borrowed, 'pattern')} that came by merges become issues of their own again, with their occurrences.
        </p>
      </Confirm>
      <ConflictDialog moves={moves} />
    </>
  );
}

/** Which keys there are. `?` opens it. */
export function Help({ mayChange }: { mayChange: boolean }) {
  const [isOpen, setOpen] = useState(false);
  useKeys({ '?': () => setOpen(true) });
  const shown = KEYS.filter((key) => mayChange || !key.isChange);
  return (
    <Dialog title="Keys on this page" isOpen={isOpen} onClose={() => setOpen(false)}>
      <ul>
        {shown.map(({ key, name }) => (
          <li key={key}>
            <kbd>{key}</kbd> {name}
          </li>
        ))}
      </ul>
      <Buttons>
        <Button onPress={() => setOpen(false)} autoFocus>
          Close
        </Button>
      </Buttons>
    </Dialog>
  );
}
