/** Releases: when they came, how their sessions end, what is new in them. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useParams } from 'react-router';
import { choices } from '../../api/queries';
import { useMay } from '../../api/use-role';
import { useMessages } from '../../live/live';
import type { Message } from '../../live/messages';
import { Button, ButtonLink, Select } from '../../ui/controls';
import { Empty, Failure, Loading, Page } from '../../ui/page';
import { Chosen } from './chosen';
import { DeployDialog } from './deploy';
import { releases } from './queries';
import { ReleaseTable } from './release-table';
import styles from './releases.module.css';
import { useView } from './use-view';

export function Releases() {
  const project = Number(useParams()['project']);
  const { view, to, change } = useView();
  const mayDeploy = useMay(project, 'member');
  const { data, error, refetch } = useQuery(releases(project, view.environment, view.after));
  useFresh(project);
  const isFirstPage = view.after === '';
  return (
    <Page
      title="Releases"
      actions={
        <>
          <EnvironmentChoice project={project} />
          {mayDeploy && <Button onPress={() => change({ dialog: 'deploy' })}>Tell of a deploy</Button>}
        </>
      }
    >
      {error && !data ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : data?.items.length === 0 && isFirstPage ? (
        <NoReleases project={project} mayDeploy={mayDeploy} />
      ) : (
        <>
          <Chosen project={project} rows={data?.items ?? []} />
          {data ? <ReleaseTable project={project} rows={data.items} /> : <Loading lines={10} />}
          {data && (!isFirstPage || data.next) && (
            <nav aria-label="Pages of the list" className={styles['pages']}>
              {!isFirstPage && <ButtonLink to={to({ after: '' })}>Newest</ButtonLink>}
              {data.next && <ButtonLink to={to({ after: data.next })}>Older</ButtonLink>}
            </nav>
          )}
        </>
      )}
      {mayDeploy && <DeployDialog project={project} isOpen={view.isDeploying} onClose={() => change({ dialog: '' })} />}
    </Page>
  );
}

/** What is new in a release is counted anew when something is. */
function useFresh(project: number) {
  const client = useQueryClient();
  useMessages(
    useCallback(
      (messages: Message[]) => {
        const isNew = (one: Message) =>
          one.name === 'event' && one.data.project === project && one.data.event === 'new';
        if (messages.some(isNew)) void client.invalidateQueries({ queryKey: ['p', project, 'releases'] });
      },
      [client, project],
    ),
  );
}

function EnvironmentChoice({ project }: { project: number }) {
  const { view, change } = useView();
  const { data } = useQuery(choices(project));
  // One that a link names is a choice as well, even if nothing was ever seen there.
  const names = [...new Set([...(data?.environments ?? []), ...(view.environment ? [view.environment] : [])])];
  return (
    <Select
      label="Environment"
      isLabelHidden
      value={view.environment}
      options={[{ id: '', name: 'All environments' }, ...names.map((name) => ({ id: name, name }))]}
      onChange={(environment) => change({ environment })}
    />
  );
}

function NoReleases({ project, mayDeploy }: { project: number; mayDeploy: boolean }) {
  return (
    <Empty title="No release was seen yet">
      <p>
        Give your SDK the name of what runs, such as <code>release="shop@1.4.0"</code>. From the first event or session
        of a release on, it is listed here: how its sessions end, and which issues are new in it.
      </p>
      {mayDeploy && (
        <p>
          Or tell of a deploy when one begins: from your pipeline, or with the button above. It orders releases by time.
        </p>
      )}
      <ButtonLink to={`/projects/${project}/setup`}>Set up an SDK</ButtonLink>
    </Empty>
  );
}
