/** What a project is, who may see it, what is kept of it, and its end. */

import { useParams } from 'react-router';
import { useMay, useProject } from '../../api/use-role';
import { Tabs } from '../../ui/controls';
import { Page } from '../../ui/page';
import { Lost } from '../shell/lost';
import { Danger } from './danger';
import { Data } from './data';
import { General } from './general';
import { Keys } from './keys';
import { Members } from './members';

export function Settings() {
  const seen = useProject();
  const id = seen?.project.id ?? 0;
  const isMember = useMay(id, 'member');
  const isAdmin = useMay(id, 'admin');
  const { '*': path = '' } = useParams();
  if (!seen) return <Lost />;
  const tabs = [
    { path: '', name: 'General', isShown: true, Content: General },
    { path: 'keys', name: 'Keys', isShown: isMember, Content: Keys },
    { path: 'members', name: 'Members', isShown: true, Content: Members },
    { path: 'data', name: 'Data', isShown: true, Content: Data },
    { path: 'danger', name: 'Delete', isShown: isAdmin, Content: Danger },
  ].filter(({ isShown }) => isShown);
  const here = tabs.find((tab) => tab.path === path.replace(/\/$/, '').replace(/^general$/, ''));
  if (!here) return <Lost />;
  const base = `/projects/${id}/settings`;
  return (
    <Page title={`Settings of ${seen.project.name}`}>
      <Tabs
        label="Settings"
        tabs={tabs.map((tab) => ({
          to: tab.path ? `${base}/${tab.path}` : base,
          name: tab.name,
          isHere: tab === here,
        }))}
      />
      {!isAdmin && <p className="muted">Admins of the project change this. You are a {seen.role}.</p>}
      <here.Content project={seen.project} />
    </Page>
  );
}
