import { useQueries } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import type { Project } from '../../api/schema';
import { useMe } from '../../api/use-role';

/** Projects that the overview looks into. */
const IN_VIEW = 8;
/** Projects of which it is asked when something happened there last: the newest. */
const ASKED = 40;
/** Which projects are in view changes no faster. */
const STALE = 5 * 60_000;

/** The projects that the overview looks into: all if they are few, else those where something happened last. */
export function useRecentProjects(): { projects: Project[]; more: number } | undefined {
  const all = useMe().projects.map(({ project }) => project);
  const asked = all.length > IN_VIEW ? [...all].sort((a, b) => b.id - a.id).slice(0, ASKED) : [];
  const last = useQueries({
    queries: asked.map(({ id }) => ({
      queryKey: ['p', id, 'last happened'],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        read(
          api.GET('/api/v1/projects/{project}/feed', {
            params: { path: { project: id }, query: { limit: 1 } },
            signal,
          }),
        ),
      staleTime: STALE,
    })),
  });
  if (all.length <= IN_VIEW) return { projects: all, more: 0 };
  if (last.some(({ isPending }) => isPending)) return undefined;
  const time = (index: number) => last[index]?.data?.items[0]?.time ?? 0;
  const order = asked.map((project, index) => ({ project, time: time(index) })).sort((a, b) => b.time - a.time);
  return { projects: order.slice(0, IN_VIEW).map(({ project }) => project), more: all.length - IN_VIEW };
}
