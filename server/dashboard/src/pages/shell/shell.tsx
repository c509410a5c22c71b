/** What stands around every page: where one is, where one can go, and how the connection is. */

import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { RouterProvider as AriaRouter } from 'react-aria-components';
import { Navigate, Outlet, ScrollRestoration, useHref, useLocation, useNavigate, useParams } from 'react-router';
import { useIsStale } from '../../api/build';
import { me } from '../../api/queries';
import { useSessionIsOver } from '../../api/session';
import { useStream } from '../../live/live';
import { Button } from '../../ui/controls';
import { Notices } from '../../ui/notices';
import { Failure, Loading, Page } from '../../ui/page';
import { useArrival } from './arrival';
import { Lost } from './lost';
import { Navigation } from './navigation';
import styles from './shell.module.css';

export function Shell() {
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const { project } = useParams();
  const isOver = useSessionIsOver();
  const { data, error, refetch } = useQuery(me);
  useStream(isOver ? undefined : data);
  useArrival();
  if (isOver || (error && 'status' in error && error.status === 401)) {
    const to = `${pathname}${search}`;
    return <Navigate replace to={to === '/' ? '/login' : `/login?to=${encodeURIComponent(to)}`} />;
  }
  const isHidden = data && project !== undefined && !data.projects.some((one) => String(one.project.id) === project);
  return (
    <AriaRouter navigate={(path) => void navigate(path)} useHref={useHref}>
      <a className={styles['skip']} href="#main">
        Skip to the page
      </a>
      <div className={styles['shell']}>
        {data ? <Navigation me={data} /> : <div className={styles['bar']} />}
        <main id="main" tabIndex={-1} className={styles['main']}>
          <Stale />
          {data ? (
            <Suspense fallback={<Waiting />}>{isHidden ? <Lost /> : <Outlet key={project ?? ''} />}</Suspense>
          ) : error ? (
            <Page title="Faultwire">
              <Failure error={error} onRetry={() => void refetch()} />
            </Page>
          ) : (
            <Waiting />
          )}
        </main>
      </div>
      <Notices />
      {/* Back on a list one is where one was; another page begins at its top. */}
      <ScrollRestoration />
    </AriaRouter>
  );
}

function Waiting() {
  return (
    <Page title="Faultwire" heading={<h1 className="hidden-text">Loading</h1>}>
      <Loading />
    </Page>
  );
}

/** After an upgrade, what is on screen is of the version before. Nobody's work is thrown away by a reload of its own. */
function Stale() {
  if (!useIsStale()) return null;
  return (
    <div className={styles['stale']} role="status">
      <span>The server was upgraded. This page is of the version before.</span>
      <Button onPress={() => window.location.reload()}>Load the new one</Button>
    </div>
  );
}
