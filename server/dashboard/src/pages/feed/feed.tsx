import { Page } from '../../ui/page';

export function Feed() {
  return <Page title="Live feed">{null}</Page>;
}
