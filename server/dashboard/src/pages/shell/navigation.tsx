import { useEffect, useState } from 'react';
import { Link, NavLink, useLocation, useNavigate, useParams } from 'react-router';
import { api, rememberCsrf } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Me } from '../../api/schema';
import { endSession } from '../../api/session';
import { useClockOffset } from '../../clock';
import { useStreamState } from '../../live/live';
import { Button, Menu, MenuItem } from '../../ui/controls';
import { duration } from '../../ui/format';
import { sayProblem } from '../../ui/notices';
import styles from './shell.module.css';
import { setTheme, THEMES, useTheme } from './theme';

const LAST_PROJECT = 'faultwire.project';

/** The project that the address names, or else the one that was looked at last. */
function useCurrent(me: Me) {
  const { project } = useParams();
  const named = me.projects.find((one) => String(one.project.id) === project);
  const id = named?.project.id;
  useEffect(() => {
    if (id !== undefined) localStorage.setItem(LAST_PROJECT, String(id));
  }, [id]);
  return (
    named ?? me.projects.find((one) => String(one.project.id) === localStorage.getItem(LAST_PROJECT)) ?? me.projects[0]
  );
}

export function Navigation({ me }: { me: Me }) {
  const current = useCurrent(me);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const theme = useTheme();
  const [isOpen, setOpen] = useState(false);
  const [openedAt, setOpenedAt] = useState(pathname);
  // On a phone the menu closes when a page is chosen.
  if (openedAt !== pathname) {
    setOpenedAt(pathname);
    setOpen(false);
  }
  const base = current ? `/projects/${current.project.id}` : '';
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is one more way to do what the button does.
    <header
      className={styles['bar']}
      data-open={isOpen || undefined}
      onKeyDown={(event) => {
        if (event.key === 'Escape') setOpen(false);
      }}
    >
      <div className={styles['brand']}>
        <Link to="/" className={styles['logo']}>
          <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
            <path
              d="M2 17h8l3.5-9 5 16 3.5-7h8"
              fill="none"
              stroke="currentColor"
              strokeWidth="3"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          Faultwire
        </Link>
        <span className={styles['toggle']}>
          <Button look="quiet" aria-expanded={isOpen} aria-controls="navigation" onPress={() => setOpen(!isOpen)}>
            Menu
          </Button>
        </span>
      </div>
      <nav id="navigation" className={styles['nav']} aria-label="Pages">
        <ul>
          <Item to="/" end>
            Overview
          </Item>
        </ul>
        {current && (
          <>
            <div className={styles['project']}>
              {me.projects.length > 1 ? (
                <Menu
                  label={<span className="clip">{current.project.name}</span>}
                  name={`Project: ${current.project.name}`}
                >
                  {me.projects.map(({ project }) => (
                    <MenuItem
                      key={project.id}
                      text={project.name}
                      onAction={() => void navigate(sameIn(pathname, project.id))}
                    >
                      {project.name}
                      <Here is={project.id === current.project.id} />
                    </MenuItem>
                  ))}
                </Menu>
              ) : (
                <span className={`clip ${styles['only']}`}>{current.project.name}</span>
              )}
            </div>
            <ul>
              <Item to={`${base}/issues`}>Issues</Item>
              <Item to={`${base}/feed`}>Live feed</Item>
              <Item to={`${base}/releases`}>Releases</Item>
              <Item to={`${base}/alerts`}>Alerts</Item>
              <Item to={`${base}/setup`}>Set up an SDK</Item>
              <Item to={`${base}/settings`}>Settings</Item>
            </ul>
          </>
        )}
        <ul className={styles['last']}>
          <Item to="/projects" end>
            Projects
          </Item>
          {me.user.is_admin && <Item to="/people">People</Item>}
          {me.user.is_admin && <Item to="/server">Server</Item>}
        </ul>
        <Connection />
        <div className={styles['who']}>
          <Menu label={<span className="clip">{me.user.name}</span>} look="quiet" name={`Account of ${me.user.name}`}>
            <MenuItem onAction={() => void navigate('/account')}>Account and tokens</MenuItem>
            {THEMES.map(({ id, name }) => (
              <MenuItem key={id} text={`Theme: ${name}`} onAction={() => setTheme(id)}>
                Theme: {name.toLowerCase()}
                <Here is={id === theme} />
              </MenuItem>
            ))}
            <MenuItem onAction={() => void leave()}>Log out</MenuItem>
          </Menu>
        </div>
      </nav>
    </header>
  );
}

/** The page of another project that is like the one on screen. */
function sameIn(pathname: string, project: number): string {
  const [, part = 'issues'] = /^\/projects\/\d+\/([a-z]+)/.exec(pathname) ?? [];
  return `/projects/${project}/${part}`;
}

/** Marks what is chosen. */
function Here({ is }: { is: boolean }) {
  if (!is) return null;
  return (
    <span className={styles['here']}>
      <span className="hidden-text">(chosen)</span>
      <span aria-hidden="true">✓</span>
    </span>
  );
}

function Item({ to, end, children }: { to: string; end?: boolean; children: string }) {
  return (
    <li>
      <NavLink to={to} end={end ?? false} className={styles['link'] ?? ''}>
        {children}
      </NavLink>
    </li>
  );
}

async function leave(): Promise<void> {
  try {
    await api.POST('/api/v1/logout');
    endSession();
    rememberCsrf(null);
    queryClient.clear();
  } catch (error) {
    sayProblem(error);
  }
}

const MINUTE = 60_000;
/** A clock that is off by less is nobody's concern. */
const CLOCK_MAY_BE_OFF = 5 * MINUTE;

/** How the stream is: said only in words, and loudly only when it is not there. */
function Connection() {
  const state = useStreamState();
  const off = useClockOffset();
  const clock = duration(Math.round(Math.abs(off) / MINUTE) * MINUTE);
  return (
    <div className={styles['connection']} role="status">
      {state === 'live' && (
        <span title="What happens is shown as it happens">
          <span className={styles['dot']} /> Live
        </span>
      )}
      {state === 'connecting' && <span>Connecting…</span>}
      {state === 'polling' && (
        <span title="The live stream does not come through, perhaps because of a proxy: what is on screen is asked for again every 10 seconds">
          Updated every 10 s
        </span>
      )}
      {state === 'away' && <span>The server does not answer. Trying again…</span>}
      {Math.abs(off) > CLOCK_MAY_BE_OFF && (
        <span>
          This machine's clock is {clock} {off > 0 ? 'slow' : 'fast'}. Ages here follow the server's.
        </span>
      )}
    </div>
  );
}
