// How releases fare, and what is new in them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAccessible, checkFits } from './accessible.mjs';
import { browser, checkQuiet, fault, HOST, hex, open, Server, until } from './support.mjs';

const HOUR = 3_600_000;
const server = await Server.start();
await server.setUp();
const chromium = await browser();

/** Sends items as a client does. */
async function envelope(...items) {
  const { protocol, username, host, pathname } = new URL(server.dsn);
  const lines = items.flatMap(([type, payload]) => {
    const text = JSON.stringify(payload);
    return [JSON.stringify({ type, length: Buffer.byteLength(text) }), text];
  });
  const answer = await fetch(`${protocol}//${host}/api${pathname}/envelope/`, {
    method: 'POST',
    headers: { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${username}` },
    body: `{}\n${lines.join('\n')}\n`,
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** A session that went from its start to its end. */
function session(release, status, { environment = 'production', ago = 0 } = {}) {
  const started = (Date.now() - ago) / 1000;
  return ['session', { sid: hex(), init: true, started, timestamp: started, status, attrs: { release, environment } }];
}

const listed = async (query = '') => (await server.ask('GET', `/api/v1/projects/1/releases${query}`)).items;
const row = (page, release) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: release, exact: true }) });
/** The text of a row's cell. */
const cell = (page, release, name) => {
  const names = ['Release', 'Deployed', 'First seen', 'New issues', 'Sessions', 'Adoption', 'Crash-free'];
  return row(page, release).getByRole('cell').nth(names.indexOf(name));
};
const hasText = (locator, text) => until(`${text}`, async () => (await locator.textContent()) === text);

test('before the first release the page says how it comes to be', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/releases');
  await page.getByRole('heading', { name: 'No release was seen yet' }).waitFor();
  await checkAccessible(page);
  checkQuiet(page);
});

test('sessions that a client sends show how a release fares, by environment as the address says', async () => {
  const of = (status, count, more) => Array.from({ length: count }, () => session('shop@1.0.0', status, more));
  await envelope(
    ...of('exited', 5),
    ...of('crashed', 1),
    ...of('exited', 2, { environment: 'staging', ago: 3 * HOUR }),
  );
  await envelope(...of('crashed', 2, { environment: 'staging', ago: 3 * HOUR }), session('shop@1.1.0', 'exited'));
  await server.ask('POST', '/api/v1/projects/1/deploys', { release: 'shop@2.0.0' });
  // Environments that can be chosen are those of issues.
  await server.send(fault('Somewhere', 'x', { environment: 'staging' }));
  await until('all are counted', async () => {
    const counts = Object.fromEntries((await listed()).map(({ release, sessions }) => [release, sessions.started]));
    return counts['shop@1.0.0'] === 10 && counts['shop@1.1.0'] === 1;
  });

  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/releases');
  await hasText(cell(page, 'shop@1.0.0', 'Sessions'), '10');
  await hasText(cell(page, 'shop@1.0.0', 'Crash-free'), '70 %');
  await hasText(cell(page, 'shop@1.0.0', 'Adoption'), '90.9 %');
  await hasText(cell(page, 'shop@1.1.0', 'Crash-free'), '100 %');
  await hasText(cell(page, 'shop@1.1.0', 'Deployed'), '–No deploy was told');
  await hasText(cell(page, 'shop@2.0.0', 'Crash-free'), '–Unknown without sessions');
  await hasText(cell(page, 'shop@2.0.0', 'First seen'), '–Nothing came from it yet');
  assert.equal(
    await cell(page, 'shop@1.0.0', 'Crash-free').locator('[title]').getAttribute('title'),
    'Sessions that did not end in a crash, of all that started: 3 of 10 crashed',
  );
  await page.getByText('11 sessions within 7 days, 3 crashed: 72.7 % crash-free.').waitFor();

  await page.getByRole('button', { name: /Environment/ }).click();
  await page.getByRole('option', { name: 'staging' }).click();
  await hasText(cell(page, 'shop@1.0.0', 'Crash-free'), '50 %');
  await hasText(cell(page, 'shop@1.1.0', 'Sessions'), '0');
  assert.equal(new URL(page.url()).search, '?environment=staging');
  await page.reload();
  await hasText(cell(page, 'shop@1.0.0', 'Crash-free'), '50 %');
  await page.getByText('4 sessions in staging within 7 days, 2 crashed: 50 % crash-free.').waitFor();
  checkQuiet(page);
});

test('the chart of a release is drawn, and says its hours by keys', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/releases');
  await row(page, 'shop@1.0.0').getByRole('link', { name: 'shop@1.0.0', exact: true }).click();
  await page.getByRole('heading', { name: 'Sessions of shop@1.0.0' }).waitFor();
  const chart = page.getByRole('slider', { name: 'Sessions of shop@1.0.0 by the hour' });
  await chart.locator('canvas').waitFor();
  const drawn = () =>
    chart.locator('canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const [colour] = getComputedStyle(document.documentElement)
        .getPropertyValue('--critical')
        .match(/#\w{6}/);
      const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] === r && data[at + 1] === g && data[at + 2] === b && data[at + 3] === 255) count += 1;
      }
      return count;
    });
  assert.ok((await until('crashes are drawn', drawn)) > 0);

  await chart.focus();
  await page.keyboard.press('End');
  assert.match(await chart.getAttribute('aria-valuetext'), /: 6 sessions, 1 crashed$/);
  for (let hour = 0; hour < 3; hour += 1) await page.keyboard.press('ArrowLeft');
  assert.match(await chart.getAttribute('aria-valuetext'), /: 4 sessions, 2 crashed$/);
  await page.keyboard.press('Home');
  assert.match(await chart.getAttribute('aria-valuetext'), /: 0 sessions, 0 crashed$/);
  await page.getByText('10 sessions within 7 days, 3 of them crashed.').waitFor({ state: 'attached' });

  // What it says of the end, all of it; the same by a link.
  assert.equal(new URL(page.url()).search, '?release=shop%401.0.0');
  await page.getByRole('button', { name: /Time shown/ }).click();
  await page.getByRole('option', { name: '24 hours' }).click();
  await page.getByText('10 sessions within 24 hours').first().waitFor();
  await page.reload();
  await page.getByText('10 sessions within 24 hours').first().waitFor();
  const ends = page.getByRole('definition');
  assert.deepEqual(await ends.allTextContents(), ['10', '70 %', '3', '0', '7', '0']);
  await page.getByRole('link', { name: 'All releases' }).click();
  await page.getByRole('heading', { name: 'Sessions of all releases' }).waitFor();
  checkQuiet(page);
});

test('what is new in a release: counted as it comes, listed, and linked to the issues seen in it', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/releases?release=shop%401.1.0');
  await page.getByText('No issue occurred first in it.').waitFor();
  await server.send(fault('Older', 'x', { release: 'shop@1.0.0' }));
  await server.issues((items) => items.some(({ type }) => type === 'Older'));
  await server.send(fault('Older', 'x', { release: 'shop@1.1.0' }));
  await server.send(fault('Fresh', 'x', { release: 'shop@1.1.0' }));
  const news = page.getByRole('region', { name: 'New in shop@1.1.0' });
  await news.getByRole('link', { name: /^Fresh/ }).waitFor();
  assert.equal(await news.getByRole('listitem').count(), 1, 'what was there before is not new');
  await hasText(cell(page, 'shop@1.1.0', 'New issues'), '1');
  await page.getByRole('link', { name: 'New in shop@1.1.0: 1 issue' }).click();
  await page.waitForURL((url) => url.pathname === '/projects/1/issues');
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), {
    status: 'all',
    new_in: 'shop@1.1.0',
    sort: 'opened',
  });
  await page.getByRole('row', { name: /Fresh/ }).waitFor();
  assert.equal(await page.getByRole('row').count(), 1, 'those that are new in it');
  await page.getByText('New in shop@1.1.0').waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'All issues seen in it' }).click();
  await page.getByRole('row', { name: /Older/ }).waitFor();
  checkQuiet(page);
});

test('members tell of a deploy; viewers see no way to', async () => {
  await server.invite('member@example.com', 'member');
  await server.invite('viewer@example.com', 'viewer');
  const page = await open(chromium, server, { email: 'member@example.com' });
  await page.goto('/projects/1/releases');
  await page.getByRole('button', { name: 'Tell of a deploy' }).click();
  await page.waitForURL((url) => url.search === '?dialog=deploy');
  const dialog = page.getByRole('dialog', { name: 'Tell of a deploy' });
  await dialog.getByLabel('Release').fill('shop@3.0.0');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await row(page, 'shop@3.0.0').waitFor();
  assert.equal(await page.getByRole('row').nth(1).getByRole('link').first().textContent(), 'shop@3.0.0', 'the newest');
  assert.equal((await listed())[0].release, 'shop@3.0.0');
  checkQuiet(page);

  const looking = await open(chromium, server, { email: 'viewer@example.com' });
  await looking.goto('/projects/1/releases?dialog=deploy');
  await row(looking, 'shop@3.0.0').waitFor();
  assert.equal(await looking.getByRole('button', { name: 'Tell of a deploy' }).count(), 0);
  assert.equal(await looking.getByRole('dialog').count(), 0);
  checkQuiet(looking);
});

test('more releases than a page holds are turned over, by the address', async () => {
  const time = Date.now() - 48 * HOUR;
  for (let number = 0; number < 26; number += 1) {
    await server.ask('POST', '/api/v1/projects/1/deploys', { release: `old@${number}`, time: time - number * HOUR });
  }
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/releases');
  await page.getByRole('link', { name: 'Older' }).click();
  await row(page, 'old@25').waitFor();
  assert.equal(await row(page, 'shop@3.0.0').count(), 0);
  await page.reload();
  await row(page, 'old@25').waitFor();
  await page.getByRole('link', { name: 'Newest' }).click();
  await row(page, 'shop@3.0.0').waitFor();
  checkQuiet(page);
});

test('for who listens, and on a phone, light and dark', async () => {
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ]) {
    const options = { viewport: { width, height: 800 }, colorScheme };
    const page = await open(chromium, server, { email: HOST, options });
    for (const path of ['releases', 'releases?release=shop%401.1.0', 'releases?dialog=deploy']) {
      await page.goto(`/projects/1/${path}`);
      await page.locator('canvas').waitFor();
      await row(page, 'shop@3.0.0')
        .waitFor({ state: 'attached' })
        .catch(() => {});
      await checkAccessible(page);
      await checkFits(page);
    }
    checkQuiet(page);
  }
});
