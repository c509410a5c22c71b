import { Page } from '../../ui/page';

export function Releases() {
  return <Page title="Releases">{null}</Page>;
}
