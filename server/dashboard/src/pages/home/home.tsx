/** The overview: what whoever is on call has to know, over all projects that they see. */

import { Link, useSearchParams } from 'react-router';
import type { Counts, Issue, Project } from '../../api/schema';
import { useMay, useMe } from '../../api/use-role';
import { ButtonLink } from '../../ui/controls';
import { plural, whole } from '../../ui/format';
import { Empty, Failure, Loading, Page } from '../../ui/page';
import { countOf } from '../issues/statuses';
import { List } from './list';
import styles from './home.module.css';
import { type Shown, useOverview } from './use-overview';
import { useActivity } from '../issues/use-activity';
import { useRecentProjects } from './use-recent-projects';

export function Home() {
  const recent = useRecentProjects();
  return (
    <Page title="Overview">
      {recent === undefined ? (
        <Loading />
      ) : recent.projects.length === 0 ? (
        <NoProject />
      ) : (
        <Overview projects={recent.projects} more={recent.more} />
      )}
    </Page>
  );
}

function NoProject() {
  const { is_admin } = useMe().user;
  return (
    <Empty title="There is no project here for you">
      {is_admin ? (
        <>
          <p>A project collects what one application sends.</p>
          <ButtonLink look="primary" to="/projects">
            Make a project
          </ButtonLink>
        </>
      ) : (
        <p>Ask an admin to take you into one.</p>
      )}
    </Empty>
  );
}

/** Sections, the most urgent first. What stands in one may stand in another: each answers a question of its own. */
const SECTIONS = [
  { name: 'back', title: 'Came back', why: 'Were resolved, and occur again' },
  { name: 'worse', title: 'Getting worse', why: 'Spikes, round numbers, and what occurs again after a pause' },
  { name: 'fresh', title: 'New in 24 hours', why: 'Seen for the first time, with the release that brought them' },
  { name: 'hit', title: 'Most people hit', why: 'Open issues that occurred in the last 24 hours, by users' },
] as const;

function Overview({ projects, more }: { projects: readonly Project[]; more: number }) {
  const overview = useOverview(projects);
  const { counts, isWhole, error, retry } = overview;
  if (error) return <Failure error={error} onRetry={retry} />;
  if (!isWhole) return <Loading lines={12} />;
  const of = (status: 'open' | 'all') =>
    [...counts.values()].reduce((sum, one: Counts) => sum + countOf(one, status), 0);
  if (of('all') === 0 && more === 0) return <FirstRun projects={projects} />;
  const names = projects.length > 1 ? new Map(projects.map(({ id, name }) => [id, name])) : undefined;
  return (
    <>
      <Projects projects={projects} counts={counts} more={more} />
      {projects.map(({ id }) => (
        <Hours
          key={id}
          project={id}
          issues={SECTIONS.flatMap(({ name }) => issuesOf(overview[name].slice(0, ASKED)))}
        />
      ))}
      {of('open') === 0 ? (
        <Empty title="All quiet">
          <p>No issue is open. What is new or comes back appears here by itself.</p>
        </Empty>
      ) : (
        SECTIONS.map(({ name, title, why }) => (
          <Section
            key={name}
            name={name}
            title={title}
            why={why}
            shown={overview[name]}
            hasMore={(name === 'back' || name === 'fresh') && overview.hasMore[name]}
            projects={names}
          />
        ))
      )}
    </>
  );
}

/** Rows of a section whose hours are asked for. */
const ASKED = 25;

function issuesOf(shown: readonly Shown[]): Issue[] {
  return shown.map(({ issue }) => issue);
}

/** Asks for the hours of a project's issues, once for all sections. */
function Hours({ project, issues }: { project: number; issues: readonly Issue[] }) {
  const own = new Map(issues.filter((issue) => issue.project === project).map((issue) => [issue.id, issue]));
  useActivity(project, [...own.values()]);
  return null;
}

/** Rows of a section before someone asks for all. */
const FEW = 5;

function Section({
  name,
  title,
  why,
  shown,
  hasMore,
  projects,
}: {
  name: string;
  title: string;
  why: string;
  shown: readonly Shown[];
  /** Whether there are more than these. */
  hasMore: boolean;
  projects: ReadonlyMap<number, string> | undefined;
}) {
  const [params] = useSearchParams();
  const isWhole = params.get('all') === name;
  if (shown.length === 0) {
    // What is not there is worth a line only where it is good to know.
    return name === 'back' || name === 'fresh' ? (
      <section className={styles['section']} aria-label={title}>
        <h2>
          {title} <span className={styles['count']}>0</span>
        </h2>
      </section>
    ) : null;
  }
  return (
    <section className={styles['section']} aria-label={title}>
      <div className={styles['head']}>
        <h2 title={why}>
          {title}{' '}
          <span className={styles['count']}>
            {name === 'hit' ? '' : `${whole(shown.length)}${hasMore ? ' or more' : ''}`}
          </span>
        </h2>
        {shown.length > FEW && (
          <Link to={isWhole ? '?' : `?all=${name}`} preventScrollReset className={styles['all']}>
            {isWhole ? 'Show fewer' : `Show ${plural(shown.length - FEW, 'more', 'more')}`}
            <span className="hidden-text"> of: {title}</span>
          </Link>
        )}
      </div>
      <List label={title} shown={isWhole ? shown : shown.slice(0, FEW)} projects={projects} />
    </section>
  );
}

/** How each project stands. */
function Projects({
  projects,
  counts,
  more,
}: {
  projects: readonly Project[];
  counts: ReadonlyMap<number, Counts>;
  more: number;
}) {
  return (
    <ul className={styles['projects']} aria-label="Projects">
      {projects.map((project) => {
        const of = counts.get(project.id) ?? { statuses: {} };
        const regressed = countOf(of, 'regressed');
        return (
          <li key={project.id} className={styles['project']}>
            <Link to={`/projects/${project.id}/issues`} className={styles['projectName']}>
              {project.name}
            </Link>
            {countOf(of, 'all') === 0 ? (
              <Link to={`/projects/${project.id}/setup`}>Nothing has arrived: set up an SDK</Link>
            ) : (
              <span className="muted">
                {whole(countOf(of, 'open'))} open{regressed > 0 && `, ${whole(regressed)} regressed`}
              </span>
            )}
          </li>
        );
      })}
      {more > 0 && (
        <li className={styles['project']}>
          <Link to="/projects">and {plural(more, 'more project')}</Link>
          <span className="muted">where less happened lately</span>
        </li>
      )}
    </ul>
  );
}

/** Nothing has arrived anywhere: how it begins. */
function FirstRun({ projects }: { projects: readonly Project[] }) {
  const [first] = projects;
  const mayAct = useMay(first?.id ?? 0, 'member');
  return (
    <Empty title="Nothing has arrived yet">
      <p>
        {mayAct
          ? 'Add the SDK to an application and throw its first error: a minute of work. It appears here by itself.'
          : 'As soon as an application sends its first error it appears here by itself.'}
      </p>
      {projects.map(({ id, name }) => (
        <ButtonLink key={id} look={id === first?.id ? 'primary' : 'plain'} to={`/projects/${id}/setup`}>
          Set up an SDK{projects.length > 1 ? ` for ${name}` : ''}
        </ButtonLink>
      ))}
    </Empty>
  );
}
