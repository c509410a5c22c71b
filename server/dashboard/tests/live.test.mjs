// One stream a browser, whatever the number of its tabs: nothing is lost and nothing comes twice, whoever reads it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, checkQuiet, fault, HOST, login, open, PASSWORD, Server, until, watch } from './support.mjs';

const server = await (await Server.start()).setUp();
const chromium = await browser();
const FEED = '/projects/1/feed';

const numbers = (page) =>
  page.locator('li[data-number]').evaluateAll((all) => all.map((line) => Number(line.dataset.number)));
const shows = (page, words) => page.locator('li[data-number]').filter({ hasText: words }).first().waitFor();
const isLive = (page) => page.getByText('Live', { exact: true }).waitFor();

/** Streams that the server has open. */
async function streams() {
  const answer = await fetch(`${server.url}/metrics`, { headers: { cookie: server.cookie } });
  return Number(/^faultwire_live_streams (\d+)/m.exec(await answer.text())[1]);
}

async function tab(beside) {
  const page = await beside.context().newPage();
  watch(page, server);
  await page.goto(FEED);
  await isLive(page);
  return page;
}

/** That the feed on screen is the server's: each line once, none missing. */
async function isWhole(page) {
  const { items } = await server.ask('GET', '/api/v1/projects/1/feed');
  const all = items.map(({ number }) => number);
  await until('the newest line', async () => (await numbers(page))[0] === all[0]);
  assert.deepEqual(await numbers(page), all);
}

/** How often a page asked for something from now on. */
function count(page, path) {
  const asked = { times: 0 };
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === path) asked.times += 1;
  });
  return asked;
}

test('three tabs have one stream; when the tab that reads it is closed, another goes on where it was', async () => {
  const first = await open(chromium, server, { email: HOST });
  await first.goto(FEED);
  await isLive(first);
  const second = await tab(first);
  const third = await tab(first);
  await until('one stream', async () => (await streams()) === 1);

  await server.send(fault('ToAllTabs'));
  for (const page of [first, second, third]) await shows(page, 'ToAllTabs');

  // The one that came first reads. What is sent while nobody does is told to who takes over: none has to begin anew.
  const anew = [second, third].map((page) => count(page, '/api/v1/me'));
  const closing = first.close();
  await server.send(fault('WhileNobodyRead'));
  await closing;
  for (const page of [second, third]) await shows(page, 'WhileNobodyRead');
  await until('one stream', async () => (await streams()) === 1);
  await server.send(fault('AfterTakeover'));
  for (const page of [second, third]) {
    await shows(page, 'AfterTakeover');
    await isWhole(page);
    checkQuiet(page);
  }
  assert.deepEqual(anew, [{ times: 0 }, { times: 0 }]);
  await second.context().close();
  await until('no stream', async () => (await streams()) === 0);
});

test('a server that is started again is followed again: what came before, meanwhile and after is there once', async () => {
  const first = await open(chromium, server, { email: HOST });
  await first.goto(FEED);
  const second = await tab(first);
  await server.send(fault('BeforeTheRestart'));
  for (const page of [first, second]) await shows(page, 'BeforeTheRestart');
  await server.stop();
  for (const page of [first, second]) await page.getByText('The server does not answer').waitFor();
  // A client that keeps what it could not send.
  const meanwhile = until('the server to take it', () => server.send(fault('WhileItWasAway')).catch(() => false));
  await server.run();
  await meanwhile;
  for (const page of [first, second]) await isLive(page);
  await server.send(fault('AfterTheRestart'));
  for (const page of [first, second]) {
    await shows(page, 'WhileItWasAway');
    await shows(page, 'AfterTheRestart');
    await isWhole(page);
    // That the server was away is said by the browser as well.
    page.complaints = page.complaints.filter((text) => !/ERR_|stream/.test(text));
    checkQuiet(page);
  }
  await until('one stream', async () => (await streams()) === 1);
  await first.context().close();
});

test('a page that the browser kept has not missed what happened meanwhile', async () => {
  const keeping = await browser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  const page = await open(keeping, server, { email: HOST });
  await page.goto(FEED);
  await isLive(page);
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => {
      globalThis.wasKept = persisted;
    });
  });
  await page.goto(`${server.url}/api/v1/openapi.json`);
  await until('no stream', async () => (await streams()) === 0);
  await server.send(fault('WhileKept'));
  await page.evaluate(() => setTimeout(() => history.back(), 0));
  await until('the page as it was kept', () => page.evaluate(() => globalThis.wasKept).catch(() => false));
  await shows(page, 'WhileKept');
  await isLive(page);
  await server.send(fault('AfterKept'));
  await shows(page, 'AfterKept');
  await page.context().close();
});

test('over plain http from elsewhere, where there are no locks, each tab follows by itself', async () => {
  const first = await open(chromium, server);
  await first.context().addInitScript(() => delete Navigator.prototype.locks);
  await login(first);
  await first.goto(FEED);
  await isLive(first);
  const second = await tab(first);
  await until('two streams', async () => (await streams()) === 2);
  await server.send(fault('ToEachByItself'));
  for (const page of [first, second]) {
    await shows(page, 'ToEachByItself');
    checkQuiet(page);
  }
  await first.context().close();
});

test('a session that ends on the server ends on the page, which comes back to where it was', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto(`${FEED}?kinds=new`);
  await isLive(page);
  const own = await page.evaluate(() => fetch('/api/v1/me').then((answer) => answer.json()));
  await server.ask('DELETE', `/api/v1/sessions/${own.session}`);
  // The server notices before it tells more.
  await server.send(fault('NotForThem'));
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await until('no stream', async () => (await streams()) === 0);
  await page.getByLabel('E-mail').fill(HOST);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await shows(page, 'NotForThem');
  assert.equal(new URL(page.url()).search, '?kinds=new');
  await isLive(page);
  checkQuiet(page);
  await page.context().close();
});

test('when someone else comes in, in another tab, nothing of who was here stays', async () => {
  const eve = await server.invite('eve@example.com', 'viewer');
  const secret = await server.ask('POST', '/api/v1/projects', { name: 'Secret' });
  const first = await open(chromium, server, { email: HOST });
  await first.goto(`/projects/${secret.project?.id ?? secret.id}/feed`);
  await isLive(first);
  const second = await tab(first);
  await second.getByRole('button', { name: 'Account of Host' }).click();
  await second.getByRole('menuitem', { name: 'Log out' }).click();
  await second.getByRole('heading', { name: 'Log in' }).waitFor();
  await first.getByRole('heading', { name: 'Log in' }).waitFor();
  await until('no stream', async () => (await streams()) === 0);

  // Who logs in in one tab has done so in the others, which are where they were.
  await login(second);
  await first.getByRole('heading', { level: 1, name: 'Live feed' }).waitFor();
  // Another comes in without that anybody left.
  await first.goto(`/projects/${secret.project?.id ?? secret.id}/feed`);
  await isLive(first);
  await second.goto('/login');
  await login(second, eve);
  await first.getByRole('button', { name: 'Account of eve' }).waitFor();
  await first.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await until('one stream', async () => (await streams()) === 1);
  await first.goto(FEED);
  await server.send(fault('ForBoth'));
  await shows(first, 'ForBoth');
  checkQuiet(first);
  checkQuiet(second);
  await first.context().close();
});
