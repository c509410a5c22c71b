// The feed: what happens to issues, in words, as it happens.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { browser, checkQuiet, fault, HOST, open, Server, until } from './support.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const server = await (await Server.start()).setUp();
const chromium = await browser();
const FEED = '/projects/1/feed';

const lines = (page) => page.locator('li[data-number]');
const numbers = (page) => lines(page).evaluateAll((all) => all.map((line) => Number(line.dataset.number)));
/** The line of an issue in which these words stand. */
const line = (page, title, words) => lines(page).filter({ hasText: title }).filter({ hasText: words });

async function issueOf(title) {
  const found = await server.issues((items) => items.some((item) => item.title.includes(title)));
  return found.find((item) => item.title.includes(title)).id;
}

const move = (issue, what, why) =>
  server.ask('POST', `/api/v1/projects/1/issues/${issue}`, { ...what, ...(why ? { why } : {}) });

test('before anything happened, the page says what will come and how', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto(FEED);
  await page.getByRole('heading', { name: 'Nothing has happened yet' }).waitFor();
  await page.getByRole('link', { name: 'Set up an SDK' }).last().waitFor();
  checkQuiet(page);
});

test('what occurrences do and what people do stands there in words, the newest first, without a reload', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto(FEED);
  await server.send(fault('CardDeclined', 'card 17', { release: 'shop@1.2.0' }));
  await line(page, 'CardDeclined', 'First seen, in shop@1.2.0').waitFor();
  const issue = await issueOf('CardDeclined');
  await server.send(fault('PaymentTwin'));
  const twin = await issueOf('PaymentTwin');

  await move(issue, { move: 'acknowledge' });
  await line(page, 'CardDeclined', `${HOST} is on it`).waitFor();
  await move(issue, { move: 'resolve_in_release', release: 'shop@1.3.0' }, 'the bank was asked <b>twice</b>');
  await line(page, 'CardDeclined', `resolved it in shop@1.3.0: the bank was asked <b>twice</b>`).waitFor();
  await server.send(fault('CardDeclined', 'card 18', { release: 'shop@1.3.1' }));
  await line(page, 'CardDeclined', 'Was resolved and is back, in shop@1.3.1').waitFor();

  await move(issue, { move: 'ignore_until_count', count: 2 });
  await line(page, 'CardDeclined', 'ignored it for 2 more occurrences').waitFor();
  await server.send(fault('CardDeclined', 'card 19'));
  await server.send(fault('CardDeclined', 'card 20'));
  await line(page, 'CardDeclined', 'Was ignored until now and is open again').waitFor();
  for (let card = 21; card < 28; card += 1) await server.send(fault('CardDeclined', `card ${card}`));
  await line(page, 'CardDeclined', 'Occurred 10 times').waitFor();
  await move(issue, { move: 'merge', issues: [twin] });
  await line(page, 'CardDeclined', `merged #${twin} into it`).waitFor();
  await server.ask('PATCH', '/api/v1/projects/1/settings', { auto_resolve_days: 30 });
  await line(page, "The project's settings", "changed settings: auto resolve days from the server's to 30").waitFor();

  const shown = await numbers(page);
  const { items } = await server.ask('GET', '/api/v1/projects/1/feed');
  assert.deepEqual(
    shown,
    items.map(({ number }) => number),
    'each line once, the newest first',
  );
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  await page.getByText('This is where it began.').waitFor();
  await line(page, 'CardDeclined', 'First seen').getByRole('link').first().click();
  await page.waitForURL(`**/projects/1/issues/${issue}`);
  checkQuiet(page);
});

test('what is chosen is in the address, and holds for what comes as well', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto(FEED);
  await page.getByRole('button', { name: 'Regressed' }).click();
  await page.getByRole('button', { name: 'New', exact: true }).click();
  await page.waitForURL((url) => url.searchParams.get('kinds') === 'new,regressed');
  await until('only these', async () => (await lines(page).count()) === 3);
  await page.reload();
  await line(page, 'CardDeclined', 'Was resolved and is back').waitFor();
  assert.equal(await lines(page).count(), 3);
  assert.equal(await page.getByRole('button', { name: 'Regressed' }).getAttribute('aria-pressed'), 'true');

  const issue = await issueOf('CardDeclined');
  await move(issue, { move: 'acknowledge' });
  await server.send(fault('AfterTheChoice'));
  await line(page, 'AfterTheChoice', 'First seen').waitFor();
  assert.equal(await lines(page).count(), 4, 'the change is not shown');

  await page.goto(`${FEED}?kinds=overflow`);
  await page.getByRole('heading', { name: 'Nothing of this kind' }).waitFor();
  await page.getByRole('link', { name: 'Show all kinds' }).click();
  await line(page, 'AfterTheChoice', 'First seen').waitFor();
  checkQuiet(page);
});

test('what is chosen in quick succession is all kept, however slowly the page draws', async () => {
  const page = await open(chromium, server, { email: HOST, late: 500 });
  await page.goto(FEED);
  for (const name of ['Regressed', 'Milestone', 'New']) await page.getByRole('button', { name, exact: true }).click();
  await page.waitForURL((url) => url.searchParams.get('kinds') === 'new,regressed,milestone');
  checkQuiet(page);
});

test('who reads further down is not pushed away: what comes waits above', async () => {
  const issue = await issueOf('CardDeclined');
  for (let turn = 0; turn < 40; turn += 1) await move(issue, { move: turn % 2 ? 'reopen' : 'acknowledge' });
  const page = await open(chromium, server, { email: HOST });
  await page.goto(FEED);
  await lines(page).nth(30).scrollIntoViewIfNeeded();
  await until('scrolled', () => page.evaluate(() => window.scrollY > 500));
  const before = await page.evaluate(() => window.scrollY);
  const first = await numbers(page);
  await server.send(fault('WhileReading'));
  await page.getByRole('button', { name: '1 new' }).waitFor();
  await server.send(fault('WhileReadingOn'));
  await page.getByRole('button', { name: '2 new' }).waitFor();
  assert.deepEqual(await numbers(page), first);
  assert.equal(await page.evaluate(() => window.scrollY), before, 'nothing has moved');
  await page.getByRole('button', { name: '2 new' }).click();
  await line(page, 'WhileReadingOn', 'First seen').waitFor();
  await until('the top', () => page.evaluate(() => window.scrollY === 0));

  // The same by pause, at the top.
  await page.getByRole('button', { name: 'Pause' }).click();
  await server.send(fault('WhilePaused'));
  await page.getByRole('button', { name: '1 new' }).waitFor();
  assert.equal(await line(page, 'WhilePaused', '').count(), 0);
  await page.getByRole('button', { name: 'Go on' }).click();
  await line(page, 'WhilePaused', 'First seen').waitFor();
  checkQuiet(page);
});

test('older lines are on pages of their own: together all of them, each once', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto(FEED);
  await lines(page).first().waitFor();
  const found = await numbers(page);
  await page.getByRole('link', { name: 'Older' }).click();
  await page.waitForURL((url) => url.searchParams.has('before'));
  await until('older lines', async () => (await numbers(page)).some((number) => number < found.at(-1)));
  await page.getByText('This is where it began.').waitFor();
  found.push(...(await numbers(page)));
  const { items } = await server.ask('GET', '/api/v1/projects/1/feed?limit=200');
  assert.deepEqual(
    found,
    items.map(({ number }) => number),
  );
  await page.getByRole('link', { name: 'Back to the newest' }).click();
  await line(page, 'WhilePaused', 'First seen').waitFor();
  checkQuiet(page);
});

test('more than a page at once leaves no gap', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto(FEED);
  await lines(page).first().waitFor();
  const issue = await issueOf('CardDeclined');
  await page.context().setOffline(true);
  for (let turn = 0; turn < 120; turn += 1) await move(issue, { move: turn % 2 ? 'reopen' : 'acknowledge' });
  await page.context().setOffline(false);
  const { items } = await server.ask('GET', '/api/v1/projects/1/feed?limit=200');
  const all = items.map(({ number }) => number);
  await until('all that came', async () => (await numbers(page))[0] === all[0]);
  const shown = await numbers(page);
  assert.deepEqual(shown, all.slice(0, shown.length));
  assert.ok(shown.length >= 170, `${shown.length}`);
});

test('who may only look sees it; who listens or has a phone as well', async () => {
  const viewer = await server.invite('viewer@example.com', 'viewer');
  const options = { viewport: { width: 390, height: 800 }, colorScheme: 'dark' };
  const page = await open(chromium, server, { email: viewer, options });
  await page.goto(FEED);
  await lines(page).first().waitFor();
  const { scroll, width } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: window.innerWidth,
  }));
  assert.ok(scroll <= width, `${scroll} px of ${width}`);
  // In a world of its own: the page's policy lets no script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
    [],
  );
  checkQuiet(page);
});
