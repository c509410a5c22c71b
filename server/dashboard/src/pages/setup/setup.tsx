import { Page } from '../../ui/page';

export function Setup() {
  return <Page title="Set up an SDK">{null}</Page>;
}
