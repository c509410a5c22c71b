/** Which address shows which page. Each page is loaded when it is opened first. */

import { createBrowserRouter, Outlet, type RouteObject } from 'react-router';
import { Lost, Broken } from './pages/shell/lost';
import { Shell } from './pages/shell/shell';

const inProject: RouteObject[] = [
  { path: 'issues', lazy: async () => ({ Component: (await import('./pages/issues/issues')).Issues }) },
  { path: 'issues/:issue', lazy: async () => ({ Component: (await import('./pages/issue/issue')).IssuePage }) },
  { path: 'feed', lazy: async () => ({ Component: (await import('./pages/feed/feed')).Feed }) },
  { path: 'releases', lazy: async () => ({ Component: (await import('./pages/releases/releases')).Releases }) },
  { path: 'alerts/*', lazy: async () => ({ Component: (await import('./pages/alerts/alerts')).Alerts }) },
  { path: 'setup', lazy: async () => ({ Component: (await import('./pages/setup/setup')).Setup }) },
  { path: 'settings/*', lazy: async () => ({ Component: (await import('./pages/settings/settings')).Settings }) },
];

const entrance = () => import('./pages/entrance/entrance');

export const router = createBrowserRouter(
  [
    {
      ErrorBoundary: Broken,
      // Nothing is shown before the page is there: it is there at once.
      HydrateFallback: () => null,
      children: [
        { path: 'login', lazy: async () => ({ Component: (await entrance()).Login }) },
        { path: 'setup', lazy: async () => ({ Component: (await entrance()).FirstPerson }) },
        { path: 'join', lazy: async () => ({ Component: (await entrance()).Join }) },
        {
          Component: Shell,
          children: [
            {
              // What goes wrong in a page leaves the way to the others.
              ErrorBoundary: Broken,
              Component: Outlet,
              children: [
                { index: true, lazy: async () => ({ Component: (await import('./pages/home/home')).Home }) },
                {
                  path: 'projects',
                  lazy: async () => ({ Component: (await import('./pages/projects/projects')).Projects }),
                },
                { path: 'projects/:project', children: inProject },
                { path: 'people', lazy: async () => ({ Component: (await import('./pages/people/people')).People }) },
                {
                  path: 'account',
                  lazy: async () => ({ Component: (await import('./pages/account/account')).Account }),
                },
                {
                  path: 'server',
                  lazy: async () => ({ Component: (await import('./pages/server/server')).ServerPage }),
                },
                { path: '*', Component: Lost },
              ],
            },
          ],
        },
      ],
    },
  ],
  { basename: new URL('.', document.baseURI).pathname.replace(/\/$/, '') || '/' },
);
