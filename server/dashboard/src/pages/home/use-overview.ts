import { useQueries } from '@tanstack/react-query';
import { api, read } from '../../api/client';
import type { Counts, Issue, Line, PageOfIssue, PageOfLine, Project } from '../../api/schema';
import { now } from '../../clock';

const DAY = 24 * 60 * 60_000;
/** Issues and lines of a project that are looked at: enough for what matters, little enough for several projects. */
const ISSUES = 50;
const LINES = 100;
/** Below it a round number of occurrences is no news. */
const MILESTONE = 100;

/** An issue with what makes it stand here. */
export interface Shown {
  issue: Issue;
  line?: Line;
}

export interface Overview {
  /** Whether all projects have answered. */
  isWhole: boolean;
  error: unknown;
  retry: () => void;
  counts: ReadonlyMap<number, Counts>;
  back: Shown[];
  worse: Shown[];
  fresh: Shown[];
  hit: Shown[];
  /** Whether there are more that came back, or are new, than were looked at. */
  hasMore: { back: boolean; fresh: boolean };
}

/** What matters now, in projects that someone sees. Five requests a project, asked again by the stream. */
export function useOverview(projects: readonly Project[]): Overview {
  const of = <T>(kind: string, name: string, ask: (project: number, signal: AbortSignal) => Promise<T>) =>
    projects.map(({ id }) => ({
      queryKey: ['p', id, kind, name],
      queryFn: ({ signal }: { signal: AbortSignal }) => ask(id, signal),
    }));
  const newest = useQueries({ queries: of('issues', 'newest', (id, signal) => issues(id, 'open', 'opened', signal)) });
  const recent = useQueries({
    queries: of('issues', 'recent', (id, signal) => issues(id, 'open', 'last_seen', signal)),
  });
  // What came back once, an hour ago, may be far behind what goes on all the time.
  const regressed = useQueries({
    queries: of('issues', 'regressed', (id, signal) => issues(id, 'regressed', 'last_seen', signal)),
  });
  const feeds = useQueries({ queries: of('feed', 'overview', feed) });
  const counted = useQueries({ queries: of('counts', '{}', counts) });
  const lists = [...newest, ...recent, ...regressed];
  const all = [...lists, ...feeds, ...counted];

  // What two lists have may be newer in one.
  const known = new Map<number, Issue>();
  for (const { data } of lists) {
    for (const issue of data?.items ?? []) {
      const before = known.get(issue.id);
      if (!before || issue.version > before.version || issue.raw > before.raw) known.set(issue.id, issue);
    }
  }
  const open = [...known.values()].filter(
    ({ status, merged_into }) => merged_into == null && status.status !== 'resolved' && status.status !== 'ignored',
  );
  const since = now() - DAY;
  const byLastSeen = (a: Issue, b: Issue) => b.last_seen - a.last_seen || b.id - a.id;
  const lines = feeds.flatMap(({ data }) => data?.items ?? []).sort((a, b) => b.time - a.time);
  const back = open.filter(({ status }) => status.status === 'regressed').sort(byLastSeen);
  const fresh = open
    .filter((issue) => issue.first_seen >= since && issue.status.status !== 'regressed')
    .sort((a, b) => b.first_seen - a.first_seen);
  const hit = open
    .filter((issue) => issue.impact.users > 0 && issue.last_seen >= since)
    .sort((a, b) => b.impact.users - a.impact.users || byLastSeen(a, b));

  return {
    isWhole: all.every(({ data }) => data !== undefined),
    error: all.find(({ error, data }) => error && data === undefined)?.error,
    retry: () => {
      for (const query of all) if (query.error) void query.refetch();
    },
    counts: new Map(projects.flatMap(({ id }, index) => (counted[index]?.data ? [[id, counted[index].data]] : []))),
    back: back.map((issue) => ({ issue })),
    worse: worse(lines, new Map(open.map((issue) => [issue.id, issue])), since),
    fresh: fresh.map((issue) => ({ issue })),
    hit: hit.map((issue) => ({ issue })),
    hasMore: {
      back: regressed.some(({ data }) => data?.next != null),
      fresh: newest.some(({ data }) => data?.next != null && data.items.every(({ first_seen }) => first_seen >= since)),
    },
  };
}

/** Open issues that became more, each with the last that was told of it. */
function worse(lines: readonly Line[], open: ReadonlyMap<number, Issue>, since: number): Shown[] {
  const found = new Map<number, Shown>();
  for (const line of lines) {
    const issue = open.get(line.issue);
    if (issue && !found.has(line.issue) && line.time >= since && isWorse(line)) found.set(line.issue, { issue, line });
  }
  return [...found.values()];
}

function isWorse({ event, detail }: Line): boolean {
  if (event === 'spike' || event === 'recurred') return true;
  const { milestone } = (detail ?? {}) as { milestone?: unknown };
  return event === 'milestone' && typeof milestone === 'number' && milestone >= MILESTONE;
}

function issues(
  project: number,
  status: 'open' | 'regressed',
  sort: 'opened' | 'last_seen',
  signal: AbortSignal,
): Promise<PageOfIssue> {
  const query = { status, sort, limit: ISSUES };
  return read(api.GET('/api/v1/projects/{project}/issues', { params: { path: { project }, query }, signal }));
}

function feed(project: number, signal: AbortSignal): Promise<PageOfLine> {
  const query = { limit: LINES };
  return read(api.GET('/api/v1/projects/{project}/feed', { params: { path: { project }, query }, signal }));
}

function counts(project: number, signal: AbortSignal): Promise<Counts> {
  return read(api.GET('/api/v1/projects/{project}/counts', { params: { path: { project } }, signal }));
}
