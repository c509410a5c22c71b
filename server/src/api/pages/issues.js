// The issues of a project, and one of them, over the same API that everyone has. Whatever events say is text here,
// never markup.
'use strict';

const main = document.querySelector('main');
const status = document.querySelector('[role=status]');
let me = null;
let stream = null;

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

async function call(path, options = {}) {
  const headers = { 'content-type': 'application/json', ...(me?.csrf ? { 'x-faultwire-csrf': me.csrf } : {}) };
  const answer = await fetch(`api/v1/${path}`, { ...options, headers: { ...headers, ...options.headers } });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(said.detail ?? `The server answered ${answer.status}.`), { status: answer.status });
  return said;
}

const post = (path, body) => call(path, { method: 'POST', body: JSON.stringify(body) });

function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000));
  const [size, unit] = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']].find(([size]) => seconds >= size) ?? [1, 's'];
  return make('time', { title: new Date(time).toISOString() }, `${Math.floor(seconds / size)} ${unit} ago`);
}

const count = (number) => Math.round(number).toLocaleString('en');

function login() {
  const send = async (event) => {
    event.preventDefault();
    const { email, password } = event.target.elements;
    try {
      await post('login', { email: email.value, password: password.value });
      await start();
    } catch (error) {
      status.textContent = error.message;
    }
  };
  main.replaceChildren(
    make('form', { on: { submit: send } },
      make('label', {}, 'E-mail ', make('input', { name: 'email', type: 'email', autocomplete: 'username', required: true })),
      make('label', {}, 'Password ', make('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true })),
      make('button', {}, 'Log in')));
}

function projects() {
  if (me.projects.length === 1) return list(me.projects[0].project.id, {});
  const link = ({ project }) => make('li', {}, make('a', { href: `#/p/${project.id}` }, project.name));
  main.replaceChildren(make('h1', {}, 'Projects'), make('ul', {}, ...me.projects.map(link)));
}

async function list(project, asked) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  const page = await call(`projects/${project}/issues?${query}`);
  const row = (issue) => make('tr', {},
    make('td', { class: issue.severity }, issue.severity),
    make('td', {},
      make('a', { href: `#/p/${project}/i/${issue.id}` }, issue.title),
      make('div', { class: 'faint' }, [issue.culprit, issue.status.status, issue.last_release].filter(Boolean).join(' · '))),
    make('td', { class: 'number', title: `${issue.raw} arrived` }, count(issue.estimated)),
    make('td', { class: 'number' }, count(issue.impact.users)),
    make('td', { class: 'number' }, ago(issue.last_seen)));
  const search = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    location.hash = `#/p/${project}?${new URLSearchParams([...form].filter(([, value]) => value))}`;
  };
  const option = (name) => make('option', { value: name, selected: asked.status === name }, name || 'any status');
  const next = page.next && `#/p/${project}?${new URLSearchParams({ ...asked, after: page.next })}`;
  main.replaceChildren(
    make('form', { on: { submit: search }, role: 'search' },
      make('input', { name: 'query', type: 'search', value: asked.query ?? '', 'aria-label': 'Words in title or place', placeholder: 'Search' }),
      make('select', { name: 'status', 'aria-label': 'Status' },
        ...['', 'unresolved', 'acknowledged', 'regressed', 'resolved', 'ignored'].map(option)),
      make('button', {}, 'Search')),
    page.items.length === 0
      ? make('p', {}, 'Nothing here. Events show up a moment after they were sent.')
      : make('table', {},
        make('thead', {}, make('tr', {}, ...['Severity', 'Issue'].map((name) => make('th', {}, name)),
          ...['Events', 'Users', 'Last'].map((name) => make('th', { class: 'number' }, name)))),
        make('tbody', {}, ...page.items.map(row))),
    next ? make('p', {}, make('a', { href: next }, 'Older')) : null ?? '');
}

function frame(one) {
  const place = `${one.module ?? one.filename ?? one.package ?? ''}${one.lineno ? `:${one.lineno}` : ''}`;
  return make('div', { class: one.in_app ? 'frame ours' : 'frame' },
    make('div', {}, one.function ?? one.instruction_addr ?? '?', ' ', make('span', { class: 'faint' }, place)),
    one.context_line ? make('pre', {}, one.context_line.trim()) : null);
}

function exception(one) {
  const frames = [...(one.stacktrace?.frames ?? [])].reverse();
  return make('section', {}, make('h2', {}, [one.type, one.value].filter(Boolean).join(': ')), ...frames.map(frame));
}

async function issue(project, id) {
  const path = `projects/${project}/issues/${id}`;
  const [{ issue, details }, stored] = await Promise.all([call(path), call(`${path}/occurrences?limit=1`)]);
  const last = stored.items[0] && await call(`projects/${project}/events/${stored.items[0].event_id}`);
  const act = (name, move) => make('button', {
    type: 'button',
    on: { click: () => post(path, { move }).then(show, (error) => { status.textContent = error.message; }) },
  }, name);
  const facts = [
    ['Status', issue.status.status], ['Severity', issue.severity], ['Where', issue.culprit],
    ['Events', `${count(issue.estimated)} (${count(issue.raw)} arrived, ${count(issue.stored)} stored)`],
    ['Users', count(issue.impact.users)], ['First seen', ago(issue.first_seen)], ['Last seen', ago(issue.last_seen)],
    ['Releases', [issue.introduced_in, issue.last_release].filter(Boolean).join(' → ')],
    ['Tags', details.tags.slice(0, 12).map((tag) => `${tag.name}=${tag.value} (${tag.count})`).join(', ')],
  ];
  const line = (one) => make('li', {}, ago(one.time), ' ', one.event, one.who ? ` by ${one.who}` : '');
  main.replaceChildren(
    make('p', {}, make('a', { href: `#/p/${project}` }, 'All issues')),
    make('h1', {}, issue.title),
    make('form', {}, act('Acknowledge', 'acknowledge'), act('Resolve', 'resolve'),
      act('Resolve in the next release', 'resolve_in_next_release'), act('Ignore', 'ignore'), act('Reopen', 'reopen')),
    make('dl', {}, ...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value || '–')])),
    ...[...(last?.payload?.exception?.values ?? [])].reverse().map(exception),
    make('h2', {}, 'History'), make('ul', {}, ...details.history.map(line)));
}

function listen(project) {
  stream?.close();
  stream = new EventSource(`api/v1/projects/${project}/stream`);
  let waiting = null;
  const again = () => { waiting ??= setTimeout(() => { waiting = null; show(); }, 1000); };
  for (const name of ['issue', 'event', 'reset']) stream.addEventListener(name, again);
}

async function show() {
  const [path, query] = location.hash.slice(1).split('?');
  const [, , project, , id] = path.split('/');
  status.textContent = '';
  try {
    if (!project) projects();
    else if (id) await issue(project, id);
    else await list(project, Object.fromEntries(new URLSearchParams(query)));
    const watched = project ?? (me.projects.length === 1 ? String(me.projects[0].project.id) : null);
    if (watched && stream?.url.includes(`/projects/${watched}/`) !== true) listen(watched);
  } catch (error) {
    if (error.status === 401) login();
    else status.textContent = error.message;
  }
}

async function start() {
  try {
    me = await call('me');
    document.getElementById('who').textContent = me.user.email;
    await show();
  } catch (error) {
    if (error.status === 401) login();
    else status.textContent = 'The server did not answer. Reload to try again.';
  }
}

addEventListener('hashchange', show);
start();
