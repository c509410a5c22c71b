// An upgrade of the server while a page is open. The upgrade is made by a proxy, which answers as the upgraded server would.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxy } from './proxy.mjs';
import { browser, checkQuiet, HOST, open, Server, until } from './support.mjs';

const server = await (await Server.start()).setUp();
const chromium = await browser();

const NEW = 'a1b2c3d4e5f6';
const BANNER = 'The server was upgraded';

/** What an upgrade changes: the build that pages, answers and the stream tell; and parts of the old one are gone. */
function upgrade() {
  const state = { isDone: false, isGone: () => false };
  const each = {
    answer(request, response) {
      if (!state.isGone(request.url)) return false;
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"reason":"not_found","detail":"gone"}');
      return true;
    },
    change(_, headers, body) {
      if (!state.isDone) return undefined;
      if (headers['x-faultwire-build']) headers['x-faultwire-build'] = NEW;
      delete headers.etag;
      if (!headers['content-type']?.startsWith('text/html')) return undefined;
      return body
        .replace(/(name="faultwire-build" content=")[^"]*/, `$1${NEW}`)
        .replace('</head>', '<!-- new --></head>');
    },
    say: (text) => (state.isDone ? text.replace(/"build":"[^"]*"/, `"build":"${NEW}"`) : text),
  };
  return { state, each };
}

/** How often a page was loaded whole. */
function loads(page) {
  const count = { times: 0 };
  page.on('request', (request) => {
    if (request.isNavigationRequest()) count.times += 1;
  });
  return count;
}

const buildOf = (page) => page.locator('meta[name=faultwire-build]').getAttribute('content');

test('after an upgrade the page says so, and a press loads the new one', async () => {
  const { state, each } = upgrade();
  const page = await open(chromium, await proxy(server, each), { email: HOST });
  await page.getByText('Live', { exact: true }).waitFor();
  assert.equal(await page.getByText(BANNER).count(), 0);
  state.isDone = true;
  // Streams end with the old server. The new one greets by its build.
  await server.restart();
  await page.getByText(BANNER).waitFor();
  const before = await buildOf(page);
  await page.getByRole('button', { name: 'Load the new one' }).click();
  await until('the new page', async () => (await buildOf(page).catch(() => before)) === NEW);
  await page.getByText('Live', { exact: true }).waitFor();
  assert.equal(await page.getByText(BANNER).count(), 0);
});

test('a page of which a part is gone loads itself anew, once, and is where one wanted to go', async () => {
  const { state, each } = upgrade();
  const page = await open(chromium, await proxy(server, each), { email: HOST });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const loaded = loads(page);
  // The parts that this page knows of are there no more. What the server says when it is asked for a page again is new.
  let gone = 0;
  state.isGone = (url) => {
    if (url === '/projects/1/feed') state.isDone = true;
    if (state.isDone || !/\/assets\/feed-/.test(url)) return false;
    gone += 1;
    return true;
  };
  await page.getByRole('link', { name: 'Live feed' }).click();
  await page.getByRole('heading', { name: 'Nothing has happened yet' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/projects/1/feed');
  assert.ok(gone > 0);
  assert.equal(loaded.times, 1);
  assert.equal(await buildOf(page), NEW);
  await page.getByText('Live', { exact: true }).waitFor();
  checkQuiet(page);
});

test('a part that stays away is not tried for ever: the page says so and leads on', async () => {
  const { state, each } = upgrade();
  const page = await open(chromium, await proxy(server, each), { email: HOST });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const loaded = loads(page);
  state.isGone = (url) => /\/assets\/feed-/.test(url);
  await page.getByRole('link', { name: 'Live feed' }).click();
  await page.getByText('A part of this page did not arrive').waitFor();
  assert.equal(loaded.times, 1, 'one attempt');
  await page.getByRole('link', { name: 'Go to the overview' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  assert.equal(loaded.times, 1);

  state.isGone = () => false;
  await page.getByRole('link', { name: 'Live feed' }).click();
  const retry = page.getByRole('button', { name: 'Try again' });
  const there = page.getByRole('heading', { name: 'Nothing has happened yet' });
  await retry.or(there).waitFor();
  if (await retry.isVisible()) await retry.click();
  await there.waitFor();
});

test('of a server that is away the page stays, and says what is the matter', async () => {
  const away = await (await Server.start()).setUp();
  const page = await open(chromium, away, { email: HOST });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const loaded = loads(page);
  await away.stop();
  await page.getByRole('link', { name: 'Live feed' }).click();
  await page.getByText('A part of this page did not arrive').waitFor();
  assert.equal(loaded.times, 0);
  await away.run();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Nothing has happened yet' }).waitFor();
});
