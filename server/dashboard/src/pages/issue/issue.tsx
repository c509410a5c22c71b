import { Page } from '../../ui/page';

export function IssuePage() {
  return <Page title="Issue">{null}</Page>;
}
