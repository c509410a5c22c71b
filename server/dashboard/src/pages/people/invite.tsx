import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Link, Role } from '../../api/schema';
import { useMe } from '../../api/use-role';
import { Actions, Button, Dialog, Select, TextField, Tick } from '../../ui/controls';
import { Form, Wrong } from '../../ui/form';
import { Time } from '../../ui/show';
import { Once } from './once';
import { invitations } from './pending';
import { ROLES } from './words';

type Made = Link & { email: string };

/** Makes a one-time link for someone new. */
export function Invite({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [made, setMade] = useState<Made>();
  return (
    <>
      <Dialog title="Invite someone" isOpen={isOpen} onClose={onClose}>
        <Fields
          onClose={onClose}
          onMade={(link) => {
            onClose();
            setMade(link);
          }}
        />
      </Dialog>
      <Once title="Send them this link" label="the invitation" secret={made?.link} onClose={() => setMade(undefined)}>
        By this link {made?.email} chooses a password and comes in. It holds once and ends{' '}
        {made && <Time at={made.expires} />}.
      </Once>
    </>
  );
}

const NONE = 'none';

function Fields({ onClose, onMade }: { onClose: () => void; onMade: (made: Made) => void }) {
  const { projects } = useMe();
  const [email, setEmail] = useState('');
  const [isAdmin, setAdmin] = useState(false);
  const [project, setProject] = useState(projects[0] ? String(projects[0].project.id) : NONE);
  const [role, setRole] = useState<Role>('member');
  const invite = useMutation({
    mutationFn: () => {
      const inProject = project === NONE || isAdmin ? {} : { project: Number(project), role };
      return read(api.POST('/api/v1/invitations', { body: { email, is_admin: isAdmin, ...inProject } }));
    },
    onSuccess: (link) => {
      onMade({ ...link, email });
      void queryClient.invalidateQueries({ queryKey: invitations.queryKey });
    },
  });
  return (
    <Form onSubmit={() => invite.mutate()}>
      <TextField
        label="E-mail"
        type="email"
        isRequired
        autoComplete="off"
        value={email}
        onChange={setEmail}
        autoFocus
      />
      <Tick isSelected={isAdmin} onChange={setAdmin}>
        Admin of the server: may everything, in all projects
      </Tick>
      {!isAdmin && (
        <Select
          label="Project"
          options={[
            { id: NONE, name: 'None yet' },
            ...projects.map((seen) => ({ id: String(seen.project.id), name: seen.project.name })),
          ]}
          value={project}
          onChange={setProject}
        />
      )}
      {!isAdmin && project !== NONE && <Select label="Role there" options={ROLES} value={role} onChange={setRole} />}
      <Wrong error={invite.error} />
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" isBusy={invite.isPending}>
          Make the link
        </Button>
      </Actions>
    </Form>
  );
}
