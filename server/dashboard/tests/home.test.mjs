// The overview: what matters to whoever is on call, over all projects that they see.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAccessible, checkFits } from './accessible.mjs';
import { browser, checkQuiet, fault, HOST, open, Server, until } from './support.mjs';

const server = await (await Server.start()).setUp();
const chromium = await browser();

const section = (page, name) => page.getByRole('region', { name });
const rowIn = (page, name, text) => section(page, name).getByRole('listitem').filter({ hasText: text });

async function openHome(email = HOST, options = {}) {
  const page = await open(chromium, server, { email, options });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  return page;
}

test('before anything has arrived it invites to begin; the first error appears by itself', async () => {
  const page = await openHome();
  await page.getByRole('heading', { name: 'Nothing has arrived yet' }).waitFor();
  await checkAccessible(page);
  const setup = page.getByRole('main').getByRole('link', { name: 'Set up an SDK' });
  assert.equal(await setup.getAttribute('href'), '/projects/1/setup');
  await server.send(fault('FirstError', 'no such thing', { release: 'shop@1.0.0' }));
  const first = rowIn(page, 'New in 24 hours', 'FirstError');
  await first.getByText('since shop@1.0.0').waitFor();
  await first.getByRole('link').click();
  await page.waitForURL(/\/projects\/1\/issues\/\d+$/);
  checkQuiet(page);
});

test('what comes back, what grows, and who is hit, as it happens', async () => {
  const page = await openHome();
  for (const user of ['ada', 'bob', 'cid']) await server.send(fault('ManyPeopleError', 'x', { user: { id: user } }));
  await rowIn(page, 'Most people hit', 'ManyPeopleError').getByText('3 users').waitFor();
  const [{ id }] = await server.issues((items) => items.length > 0, '&query=FirstError');
  await server.ask('POST', `/api/v1/projects/1/issues/${id}`, { move: 'resolve' });
  await rowIn(page, 'New in 24 hours', 'FirstError').waitFor({ state: 'detached' });
  await server.send(fault('FirstError'));
  await rowIn(page, 'Came back', 'FirstError').getByText('Regressed', { exact: true }).waitFor();
  await page.getByText('2 open, 1 regressed').waitFor();

  await Promise.all(Array.from({ length: 100 }, () => server.send(fault('GrowingError'))));
  await rowIn(page, 'Getting worse', 'GrowingError').getByText('Occurred 100 times').waitFor();
  await checkAccessible(page);
  checkQuiet(page);
});

test('with several projects each issue says whose it is; a project without any shows how to begin', async () => {
  const { project, keys } = await server.ask('POST', '/api/v1/projects', { name: 'Warehouse', slug: 'warehouse' });
  await server.ask('POST', '/api/v1/projects', { name: 'Silent', slug: 'silent' });
  const [{ dsn }] = keys ?? (await server.ask('GET', `/api/v1/projects/${project.id}/keys`)).items;
  await server.send(fault('ShelfError'), dsn);
  const page = await openHome();
  await rowIn(page, 'New in 24 hours', 'ShelfError').getByText('Warehouse').waitFor();
  await rowIn(page, 'Came back', 'FirstError').getByText('Default').waitFor();
  const silent = page.getByRole('list', { name: 'Projects' }).getByRole('listitem').filter({ hasText: 'Silent' });
  await silent.getByRole('link', { name: /set up an SDK/ }).waitFor();
  checkQuiet(page);

  // Who sees one project sees nothing of the others.
  const email = await server.invite('one@example.com', 'viewer', project.id);
  const theirs = await openHome(email);
  await rowIn(theirs, 'New in 24 hours', 'ShelfError').waitFor();
  assert.equal(await theirs.getByText('FirstError').count(), 0);
  checkQuiet(theirs);
});

test('what came back stands there, however much else goes on', async () => {
  const { project, keys } = await server.ask('POST', '/api/v1/projects', { name: 'Busy', slug: 'busy' });
  const path = `/api/v1/projects/${project.id}/issues`;
  const [{ dsn }] = keys;
  const find = (isSo) =>
    until('the issue', async () => (await server.ask('GET', `${path}?query=QuietlyBack`)).items.find(isSo));
  await server.send(fault('QuietlyBack'), dsn);
  const { id } = await find(() => true);
  await server.ask('POST', `${path}/${id}`, { move: 'resolve' });
  await server.send(fault('QuietlyBack'), dsn);
  await find(({ status }) => status.status === 'regressed');
  await Promise.all(Array.from({ length: 60 }, (_, number) => server.send(fault(`Loud${number}Error`), dsn)));
  await until('all issues', async () => {
    const { statuses } = await server.ask('GET', `/api/v1/projects/${project.id}/counts`);
    return statuses.unresolved === 60;
  });
  // Only this one is theirs, so that nothing of others stands beside it.
  const page = await openHome(await server.invite('busy@example.com', 'member', project.id));
  await rowIn(page, 'Came back', 'QuietlyBack').waitFor();
  // Those opened last and those seen last, each fifty.
  await section(page, 'New in 24 hours')
    .getByRole('heading')
    .getByText(/^[56]\d or more$/)
    .waitFor();
  checkQuiet(page);
});

test('a section shows a few, and all at an address of its own; on a phone nothing is wider than the screen', async () => {
  for (let i = 0; i < 7; i += 1) await server.send(fault(`Another${i}Error`, 'y'.repeat(100)));
  const page = await openHome(HOST, { viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
  const rows = section(page, 'New in 24 hours').getByRole('listitem');
  await section(page, 'New in 24 hours')
    .getByRole('link', { name: /Show \d+ more/ })
    .click();
  await until('all of them', async () => (await rows.count()) >= 9);
  assert.equal(new URL(page.url()).search, '?all=fresh');
  await page.reload();
  await until('all of them again', async () => (await rows.count()) >= 9);
  await checkFits(page);
  await checkAccessible(page);
  await section(page, 'New in 24 hours').getByRole('link', { name: 'Show fewer' }).click();
  await until('a few', async () => (await rows.count()) === 5);
  checkQuiet(page);
});

test('of many projects those are in view where something happened last', async () => {
  for (let i = 0; i < 8; i += 1) await server.ask('POST', '/api/v1/projects', { name: `Idle ${i}`, slug: `idle-${i}` });
  const page = await openHome();
  const projects = page.getByRole('list', { name: 'Projects' });
  await projects.getByText('and 4 more projects').waitFor();
  assert.equal(await projects.getByRole('listitem').count(), 9);
  await projects.getByRole('link', { name: 'Default' }).waitFor();
  await projects.getByRole('link', { name: 'Warehouse' }).waitFor();
  checkQuiet(page);
});

test('when all is resolved it is quiet; who sees no project is told what to do', async () => {
  const page = await openHome();
  for (const { project } of (await server.ask('GET', '/api/v1/me')).projects) {
    const { items } = await server.ask('GET', `/api/v1/projects/${project.id}/issues?status=open&limit=100`);
    if (items.length === 0) continue;
    const issues = items.map(({ id }) => ({ id }));
    await server.ask('POST', `/api/v1/projects/${project.id}/issues`, { issues, move: { move: 'resolve' } });
  }
  await page.getByRole('heading', { name: 'All quiet' }).waitFor();
  checkQuiet(page);
  const lonely = await openHome(await server.invite('lonely@example.com'));
  await lonely.getByRole('heading', { name: 'There is no project here for you' }).waitFor();
  checkQuiet(lonely);
});
