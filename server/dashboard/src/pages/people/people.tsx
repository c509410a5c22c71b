import { Page } from '../../ui/page';

export function People() {
  return <Page title="People">{null}</Page>;
}
