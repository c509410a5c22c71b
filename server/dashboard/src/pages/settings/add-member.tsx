import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Link, Role } from '../../api/schema';
import { Button, Select, TextField } from '../../ui/controls';
import { Form, Row, Wrong } from '../../ui/form';
import { say } from '../../ui/notices';
import { Time } from '../../ui/show';
import { Once } from '../people/once';
import { ROLES } from '../people/words';

/** Adds someone who is here already, or makes a link for someone who is not. */
export function AddMember({ project }: { project: number }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [link, setLink] = useState<Link & { email: string }>();
  const add = useMutation({
    mutationFn: () =>
      read(api.POST('/api/v1/projects/{project}/members', { params: { path: { project } }, body: { email, role } })),
    onSuccess: async (added) => {
      setEmail('');
      if ('link' in added) setLink({ ...added, email });
      else say(`${added.user.name} is in the project now.`);
      await queryClient.invalidateQueries({ queryKey: ['p', project, 'members'] });
      await queryClient.invalidateQueries({ queryKey: ['p', project, 'invitations'] });
    },
  });
  return (
    <>
      <Form isWide onSubmit={() => add.mutate()}>
        <Row>
          <TextField
            label="E-mail"
            type="email"
            isRequired
            autoComplete="off"
            value={email}
            onChange={setEmail}
            placeholder="ada@example.com"
          />
          <Select label="Role" options={ROLES} value={role} onChange={setRole} />
          <Button look="primary" type="submit" isBusy={add.isPending}>
            Add
          </Button>
        </Row>
        <Wrong error={add.error} />
      </Form>
      <Once title="Send them this link" label="the invitation" secret={link?.link} onClose={() => setLink(undefined)}>
        {link?.email} is not on this server yet. By this link they choose a password and are in the project; it holds
        once and ends {link && <Time at={link.expires} />}.
      </Once>
    </>
  );
}
