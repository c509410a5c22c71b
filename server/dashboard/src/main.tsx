/**
 * The dashboard: what is new, why, and what to do. It talks to the server's API and to nothing else.
 *
 * | what | where |
 * |---|---|
 * | which address shows which page | `router` |
 * | the API: typed client, what is asked for, who is here | `api/` |
 * | the stream of what happens, one a browser | `live/` |
 * | the visual language | `ui/` |
 * | a folder a page | `pages/` |
 */

import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { reloadWhenPartsAreLost } from './api/build';
import { queryClient } from './api/queries';
import { router } from './router';
import './ui/theme.css';

reloadWhenPartsAreLost();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        {/* A new address is shown at once: what is clicked next builds on the one that is shown. */}
        <RouterProvider router={router} useTransitions={false} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
