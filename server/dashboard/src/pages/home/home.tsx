import { Page } from '../../ui/page';

export function Home() {
  return <Page title="Overview">{null}</Page>;
}
