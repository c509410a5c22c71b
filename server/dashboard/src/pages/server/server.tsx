import { Page } from '../../ui/page';

export function ServerPage() {
  return <Page title="Server">{null}</Page>;
}
