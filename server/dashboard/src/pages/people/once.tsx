import type { ReactNode } from 'react';
import { Actions, Button, Dialog } from '../../ui/controls';
import { Copy } from '../../ui/show';

/** A secret that is shown once: no other answer of the server says it. */
export function Once({
  title,
  label,
  secret,
  children,
  onClose,
}: {
  title: string;
  /** What it is, for who copies it. */
  label: string;
  /** Nothing is shown while there is none. */
  secret: string | undefined;
  children: ReactNode;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} isOpen={secret !== undefined} isOnce onClose={onClose}>
      <div>{children}</div>
      <Copy label={label} text={secret ?? ''} />
      <p className="muted">It is shown only now. Whoever has it can use it.</p>
      <Actions>
        <Button look="primary" onPress={onClose}>
          Done
        </Button>
      </Actions>
    </Dialog>
  );
}
