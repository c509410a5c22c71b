import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { problem } from '../../api/problem';
import { me, queryClient } from '../../api/queries';
import type { Project } from '../../api/schema';
import { useMay } from '../../api/use-role';
import { Button, TextField } from '../../ui/controls';
import { Form, Section, Wrong } from '../../ui/form';
import { say } from '../../ui/notices';
import { Fact, Facts, Time } from '../../ui/show';
import { ISSUE_FIELDS } from './fields';
import { taggedProject } from './queries';
import { SettingsForm } from './settings-form';

export function General({ project }: { project: Project }) {
  const mayChange = useMay(project.id, 'admin');
  return (
    <>
      <Section title="Project">
        <Facts>
          {!mayChange && <Fact name="Name">{project.name}</Fact>}
          <Fact name="Slug">
            <code>{project.slug}</code>
          </Fact>
          <Fact name="Number">{project.id}, the last part of its DSNs</Fact>
          <Fact name="Made">
            <Time at={project.created} />
          </Fact>
        </Facts>
        {mayChange && <Rename project={project} />}
      </Section>
      <Section title="Issues">
        <SettingsForm project={project.id} fields={ISSUE_FIELDS} />
      </Section>
    </>
  );
}

function Rename({ project }: { project: Project }) {
  const { data } = useQuery(taggedProject(project.id));
  const [name, setName] = useState<string>();
  // The tag of what was on screen when the typing began: who was faster is not written over.
  const [begun, setBegun] = useState<string>();
  const rename = useMutation({
    mutationFn: () =>
      api.PATCH('/api/v1/projects/{project}', {
        params: { path: { project: project.id }, header: { 'If-Match': begun ?? data?.tag ?? '*' } },
        body: { name: name ?? project.name },
      }),
    onSuccess: () => {
      say('Renamed.');
      setName(undefined);
    },
    onSettled: () => {
      setBegun(undefined);
      void queryClient.invalidateQueries({ queryKey: me.queryKey });
      void queryClient.invalidateQueries({ queryKey: ['p', project.id, 'project'] });
    },
  });
  const isStale = rename.error && problem(rename.error).status === 412;
  return (
    <Form onSubmit={() => rename.mutate()}>
      <TextField
        label="Name"
        isRequired
        maxLength={100}
        value={name ?? project.name}
        onChange={(next) => {
          setBegun(begun ?? data?.tag);
          setName(next);
        }}
      />
      {isStale ? (
        <p role="alert">
          Someone else renamed it meanwhile: it is {project.name} now. Save again to name it {name}.
        </p>
      ) : (
        <Wrong error={rename.error} />
      )}
      <div>
        <Button type="submit" isDisabled={name === undefined || name === project.name} isBusy={rename.isPending}>
          Rename
        </Button>
      </div>
    </Form>
  );
}
