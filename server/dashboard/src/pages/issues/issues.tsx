import { Page } from '../../ui/page';

export function Issues() {
  return <Page title="Issues">{null}</Page>;
}
