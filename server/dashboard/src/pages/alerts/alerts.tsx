import { Page } from '../../ui/page';

export function Alerts() {
  return <Page title="Alerts">{null}</Page>;
}
