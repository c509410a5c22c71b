import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import type { MadeToken } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { now } from '../../clock';
import { Actions, Button, Dialog, Select, TextField } from '../../ui/controls';
import { Form, Wrong } from '../../ui/form';

const DAY = 86_400_000;
const ALL = 'all';

const ACCESS = [
  { id: 'read', name: 'Read' },
  { id: 'write', name: 'Read and write' },
] as const;

/** How long it holds, in days. Short by default: one that is forgotten ends by itself. */
const LASTS = [
  { id: '30', name: '30 days' },
  { id: '90', name: '90 days' },
  { id: '365', name: 'A year' },
  { id: '0', name: 'Until it is revoked' },
];

interface Handlers {
  onClose: () => void;
  onMade: (made: MadeToken) => void;
}

/** Makes a token. */
export function NewToken({ isOpen, ...handlers }: { isOpen: boolean } & Handlers) {
  return (
    <Dialog title="New token" isOpen={isOpen} onClose={handlers.onClose}>
      <Fields {...handlers} />
    </Dialog>
  );
}

function Fields({ onClose, onMade }: Handlers) {
  const { projects } = useMe();
  const [name, setName] = useState('');
  const [access, setAccess] = useState<'read' | 'write'>('read');
  const [project, setProject] = useState(ALL);
  const [days, setDays] = useState('90');
  const make = useMutation({
    mutationFn: () =>
      read(
        api.POST('/api/v1/tokens', {
          body: {
            name,
            access,
            project: project === ALL ? null : Number(project),
            expires: days === '0' ? null : Math.round(now() + Number(days) * DAY),
          },
        }),
      ),
    onSuccess: onMade,
  });
  return (
    <Form onSubmit={() => make.mutate()}>
      <TextField
        label="Name"
        hint="What it is for: the history of issues says it beside yours."
        isRequired
        maxLength={100}
        autoComplete="off"
        value={name}
        onChange={setName}
        autoFocus
      />
      <Select label="May" options={ACCESS} value={access} onChange={setAccess} />
      <Select
        label="In"
        options={[
          { id: ALL, name: 'All your projects' },
          ...projects.map((seen) => ({ id: String(seen.project.id), name: seen.project.name })),
        ]}
        value={project}
        onChange={setProject}
      />
      <Select label="Holds" options={LASTS} value={days} onChange={setDays} />
      <Wrong error={make.error} />
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" isBusy={make.isPending}>
          Make the token
        </Button>
      </Actions>
    </Form>
  );
}
