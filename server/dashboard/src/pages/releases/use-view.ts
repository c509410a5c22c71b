/** What of the releases is shown: it stands in the address, so that a link shows the same. */

import { useSearchParams } from 'react-router';

/** How far back the chart goes. */
export const RANGES = [
  { id: '24', name: '24 hours', hours: 24 },
  { id: '168', name: '7 days', hours: 168 },
  { id: '720', name: '30 days', hours: 720 },
] as const;

export type Range = (typeof RANGES)[number];

export interface View {
  environment: string;
  /** The one that was chosen; none is all. */
  release: string;
  /** Behind which the page of the list begins. */
  after: string;
  range: Range;
  isDeploying: boolean;
}

type Changes = Partial<Record<'environment' | 'release' | 'after' | 'hours' | 'dialog', string>>;

export function useView() {
  const [params, setParams] = useSearchParams();
  const view: View = {
    environment: params.get('environment') ?? '',
    release: params.get('release') ?? '',
    after: params.get('after') ?? '',
    range: RANGES.find(({ id }) => id === params.get('hours')) ?? RANGES[1],
    isDeploying: params.get('dialog') === 'deploy',
  };
  /** The address with something changed; what is empty is left out. */
  const changed = (changes: Changes) => {
    const next = new URLSearchParams(params);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    return next;
  };
  return {
    view,
    to: (changes: Changes) => `?${changed(changes)}`,
    change: (changes: Changes) => setParams(changed(changes)),
  };
}
