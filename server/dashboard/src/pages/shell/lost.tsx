import { useRouteError } from 'react-router';
import { useLostPart } from '../../api/build';
import { Problem } from '../../api/problem';
import { ButtonLink } from '../../ui/controls';
import { Empty, Failure, Loading, Page } from '../../ui/page';

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
  const lost = useLostPart();
  if (lost?.isReloading) {
    return (
      <Page title="Faultwire" heading={<h1 className="hidden-text">Loading</h1>}>
        <Loading />
      </Page>
    );
  }
  const isLost = lost !== undefined && lost.error === error;
  return (
    <Page title="This page failed">
      <Failure error={isLost ? PART_IS_LOST : error} onRetry={() => window.location.reload()} />
      <p>
        <ButtonLink to="/">Go to the overview</ButtonLink>
      </p>
    </Page>
  );
}

const PART_IS_LOST = new Problem(
  0,
  'part',
  'A part of this page did not arrive. The server may be starting, or a proxy or an extension of the browser may hold it back.',
);
