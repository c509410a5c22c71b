import { useRouteError } from 'react-router';
import { ButtonLink } from '../../ui/controls';
import { Empty, Failure, Page } from '../../ui/page';

/** An address that leads nowhere. */
export function Lost() {
  return (
    <Page title="There is no such page">
      <Empty title="Nothing is here">
        <p>The address may be mistyped, or what it led to may be gone, or it may be for others.</p>
        <ButtonLink to="/">Go to the overview</ButtonLink>
      </Empty>
    </Page>
  );
}

/** A page that failed. */
export function Broken() {
  const error = useRouteError();
  return (
    <Page title="This page failed">
      <Failure error={error} onRetry={() => window.location.reload()} />
    </Page>
  );
}
