import { Actions, Button, Dialog } from '../../ui/controls';
import { Time } from '../../ui/show';
import { happening } from '../../live/words';
import { type Moves, standing, wanted } from './moves';

/** Someone else was first: what it is now, and whether it is still to be done. */
export function ConflictDialog({ moves }: { moves: Moves }) {
  const { conflict, leave, move, isBusy } = moves;
  return (
    <Dialog title="Someone else was first" isOpen={conflict !== undefined} onClose={leave}>
      {conflict && (
        <>
          <p>
            The issue has changed since you saw it. It is now <b>{standing(conflict.current.status)}</b>.
          </p>
          {conflict.last && (
            <p>
              {happening(conflict.last.event, conflict.last.detail, conflict.last.who)},{' '}
              <Time at={conflict.last.time} />.
            </p>
          )}
          <p>You wanted to {wanted(conflict.move)}. Nothing was done yet.</p>
          <Actions>
            <Button onPress={leave} autoFocus>
              Leave it as it is
            </Button>
            <Button look="primary" isBusy={isBusy} onPress={() => void move(conflict.move, conflict.current.version)}>
              Do it anyway
            </Button>
          </Actions>
        </>
      )}
    </Dialog>
  );
}
