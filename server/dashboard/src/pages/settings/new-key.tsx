import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys as keysOf, queryClient } from '../../api/queries';
import { Actions, Button, Dialog, Select, TextField } from '../../ui/controls';
import { Form, Wrong } from '../../ui/form';
import { say } from '../../ui/notices';

const KINDS = [
  { id: 'server', name: 'Programs on servers and desks' },
  { id: 'browser', name: 'Pages in browsers' },
] as const;

/** Makes a key. */
export function NewKey({ project, isOpen, onClose }: { project: number; isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="New key" isOpen={isOpen} onClose={onClose}>
      <Fields project={project} onClose={onClose} />
    </Dialog>
  );
}

function Fields({ project, onClose }: { project: number; onClose: () => void }) {
  const [kind, setKind] = useState<'server' | 'browser'>('server');
  const [pages, setPages] = useState('');
  const origins = kind === 'browser' ? pages.split(/[\s,]+/).filter(Boolean) : [];
  const make = useMutation({
    mutationFn: () =>
      api.POST('/api/v1/projects/{project}/keys', { params: { path: { project } }, body: { kind, origins } }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keysOf(project).queryKey });
      say('The key is in force.');
      onClose();
    },
  });
  return (
    <Form onSubmit={() => make.mutate()}>
      <Select label="For" options={KINDS} value={kind} onChange={setKind} />
      {kind === 'browser' && (
        <TextField
          label="Addresses of the pages"
          isLong
          hint="One a line, such as https://shop.example or https://*.shop.example. None is all."
          value={pages}
          onChange={setPages}
        />
      )}
      <Wrong error={make.error} />
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" isBusy={make.isPending}>
          Make the key
        </Button>
      </Actions>
    </Form>
  );
}
