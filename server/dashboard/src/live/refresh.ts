/** Asks again for what is on screen. */

import type { QueryClient, QueryFilters } from '@tanstack/react-query';

/**
 * Has what pages asked for asked for again: at once where it is on screen, else when it is. What was never answered yet
 * was asked for before something happened, and may lack it: it is asked for again as soon as it is answered.
 */
export async function refresh(client: QueryClient, filters: QueryFilters = {}): Promise<void> {
  const unanswered = client
    .getQueryCache()
    .findAll({ ...filters, type: 'active', fetchStatus: 'fetching' })
    .filter(({ state }) => state.data === undefined);
  const all = client.invalidateQueries({ ...filters, refetchType: 'active' });
  await Promise.allSettled(unanswered.map(({ promise }) => promise));
  const late = new Set(unanswered);
  if (late.size > 0) await client.invalidateQueries({ predicate: (query) => late.has(query), refetchType: 'active' });
  await all;
}
