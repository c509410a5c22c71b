import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, read } from '../../api/client';
import { me, queryClient } from '../../api/queries';
import { useMe } from '../../api/use-role';
import { Actions, Button, Dialog, TextField } from '../../ui/controls';
import { Form, Wrong } from '../../ui/form';
import { freeSlug } from './slug';

/** Makes a project, and leads to the guide that sends its first event. */
export function NewProject({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="New project" isOpen={isOpen} onClose={onClose}>
      <Fields onClose={onClose} />
    </Dialog>
  );
}

function Fields({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const taken = useMe().projects.map(({ project }) => project.slug);
  const [name, setName] = useState('');
  // Proposed until someone says another.
  const [chosen, setChosen] = useState<string>();
  const slug = chosen ?? (name.trim() === '' ? '' : freeSlug(name, taken));
  const make = useMutation({
    mutationFn: () => read(api.POST('/api/v1/projects', { body: { name, slug } })),
    onSuccess: async ({ project, keys }) => {
      queryClient.setQueryData(['p', project.id, 'keys'], { items: keys });
      // The pages of a project are for those who see it: first it has to be known that one does.
      await queryClient.invalidateQueries({ queryKey: me.queryKey });
      await navigate(`/projects/${project.id}/setup`);
    },
  });
  return (
    <Form onSubmit={() => make.mutate()}>
      <TextField
        label="Name"
        hint="As people call it. It can be changed later."
        isRequired
        maxLength={100}
        value={name}
        onChange={setName}
        autoFocus
      />
      <TextField
        label="Slug"
        hint="Its name for machines: a to z, 0 to 9 and hyphens. It stays."
        isRequired
        maxLength={50}
        validate={(typed) => (/^[a-z0-9-]*$/.test(typed) ? null : 'Only a to z, 0 to 9 and hyphens')}
        value={slug}
        onChange={setChosen}
      />
      <Wrong error={make.error} />
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" isBusy={make.isPending}>
          Make the project
        </Button>
      </Actions>
    </Form>
  );
}
