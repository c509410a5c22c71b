/** Tells of a deploy: releases are ordered by it, and the chart shows it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { api, read } from '../../api/client';
import { problem } from '../../api/problem';
import { Actions, Button, Dialog, TextField } from '../../ui/controls';
import { say } from '../../ui/notices';
import styles from './releases.module.css';

/** What the server takes. */
const LONGEST_NAME = 200;

export function DeployDialog({ project, isOpen, onClose }: { project: number; isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Tell of a deploy" isOpen={isOpen} onClose={onClose}>
      <DeployForm project={project} onClose={onClose} />
    </Dialog>
  );
}

function DeployForm({ project, onClose }: { project: number; onClose: () => void }) {
  const client = useQueryClient();
  const [release, setRelease] = useState('');
  const deploy = useMutation({
    mutationFn: () =>
      read(api.POST('/api/v1/projects/{project}/deploys', { params: { path: { project } }, body: { release } })),
    onSuccess: () => {
      say(`${release} is deployed, as of now.`);
      onClose();
      return client.invalidateQueries({ queryKey: ['p', project] });
    },
  });
  return (
    <Form
      className={styles['form'] ?? ''}
      onSubmit={(event) => {
        event.preventDefault();
        deploy.mutate();
      }}
    >
      <p className="muted">
        It counts as deployed from now on. Your pipeline can tell it as well, with a token:{' '}
        <code>POST /api/v1/projects/{project}/deploys</code>
      </p>
      <TextField
        label="Release"
        placeholder="shop@1.4.0"
        hint="The whole name, as your SDK sends it."
        isRequired
        maxLength={LONGEST_NAME}
        value={release}
        onChange={setRelease}
        autoFocus
      />
      {deploy.error && (
        <p role="alert" className={styles['wrong']}>
          {problem(deploy.error).message}
        </p>
      )}
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" isBusy={deploy.isPending}>
          Tell it
        </Button>
      </Actions>
    </Form>
  );
}
