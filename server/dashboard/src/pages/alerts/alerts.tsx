/** Alerts: what is told to whom, where to, and what came of it. */

import { useParams } from 'react-router';
import { useMay } from '../../api/use-role';
import { Tabs } from '../../ui/controls';
import { Page } from '../../ui/page';
import { Lost } from '../shell/lost';
import { Channels } from './channels';
import { Deliveries } from './deliveries';
import { Rules } from './rules';

const TABS = [
  { path: '', name: 'Rules', Content: Rules },
  { path: 'channels', name: 'Channels', Content: Channels },
  { path: 'deliveries', name: 'Deliveries', Content: Deliveries },
] as const;

export function Alerts() {
  const params = useParams();
  const project = Number(params['project']);
  const path = (params['*'] ?? '').replace(/\/$/, '');
  const mayChange = useMay(project, 'admin');
  const here = TABS.find((tab) => tab.path === path);
  if (!here) return <Lost />;
  const base = `/projects/${project}/alerts`;
  return (
    <Page title={path ? `${here.name} · Alerts` : 'Alerts'} heading={<h1>Alerts</h1>}>
      <Tabs
        label="Alerts"
        tabs={TABS.map((tab) => ({ to: `${base}${tab.path && `/${tab.path}`}`, name: tab.name, isHere: tab === here }))}
      />
      <here.Content project={project} mayChange={mayChange} />
    </Page>
  );
}
