import { Page } from '../../ui/page';

export function Projects() {
  return <Page title="Projects">{null}</Page>;
}
