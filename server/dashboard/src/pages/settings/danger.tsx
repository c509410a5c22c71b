import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/client';
import { me, queryClient } from '../../api/queries';
import type { Project } from '../../api/schema';
import { Button, TextField } from '../../ui/controls';
import { Form, Section, Wrong } from '../../ui/form';
import { say } from '../../ui/notices';

export function Danger({ project }: { project: Project }) {
  const navigate = useNavigate();
  const [slug, setSlug] = useState('');
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE('/api/v1/projects/{project}', {
        params: { path: { project: project.id }, query: { confirm: slug } },
      }),
    onSuccess: async () => {
      // Away from its pages first: they would ask for what is gone.
      await navigate('/projects', { replace: true });
      say(`${project.name} is deleted.`);
      queryClient.removeQueries({ queryKey: ['p', project.id] });
      await queryClient.invalidateQueries({ queryKey: me.queryKey });
    },
  });
  return (
    <Section
      title="Delete the project"
      lead="Its issues, events, keys, channels and members go, and cannot be brought back. What is still sent to it is refused."
    >
      <Form onSubmit={() => remove.mutate()}>
        <TextField
          label={`Type ${project.slug} to confirm`}
          isRequired
          autoComplete="off"
          spellCheck="false"
          value={slug}
          onChange={setSlug}
        />
        <Wrong error={remove.error} />
        <div>
          <Button look="danger" type="submit" isDisabled={slug !== project.slug} isBusy={remove.isPending}>
            Delete {project.name}
          </Button>
        </div>
      </Form>
    </Section>
  );
}
