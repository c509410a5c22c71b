// The list of issues: what is new appears by itself, what is looked for is found, what is done is told.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { checkAccessible, checkFits } from './accessible.mjs';
import { proxy } from './proxy.mjs';
import { browser, checkQuiet, fault, HOST, open, Server, until } from './support.mjs';

const server = await (await Server.start()).setUp();
const chromium = await browser();

/** The row of an issue. */
const row = (page, title) => page.getByRole('row').filter({ hasText: title });
const live = (page) => page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
const issueOf = async (type) => (await server.issues(() => true)).find((issue) => issue.title.startsWith(type));

async function openList(search = '', email = HOST, options = {}) {
  const page = await open(chromium, server, { email, options });
  await page.goto(`/projects/1/issues${search}`);
  await live(page);
  return page;
}

test('a project that nothing arrived from shows the way to set one up', async () => {
  const page = await openList();
  await page.getByRole('heading', { name: 'Nothing has arrived yet' }).waitFor();
  await checkAccessible(page);
  await page.getByRole('link', { name: 'Set up an SDK' }).last().click();
  await page.waitForURL('**/projects/1/setup');
  checkQuiet(page);
});

test('a new issue appears without a reload, highlighted; one that comes back is told of as well', async () => {
  const page = await openList();
  await page.getByRole('heading', { name: 'Nothing has arrived yet' }).waitFor();
  await server.send(fault('FirstError'));
  const first = row(page, 'FirstError');
  await first.getByText('New', { exact: true }).waitFor();
  const plain = await page.getByRole('heading', { level: 1 }).evaluate((h) => getComputedStyle(h).backgroundColor);
  assert.notEqual(await first.evaluate((r) => getComputedStyle(r).backgroundColor), plain, 'tinted');
  await page.getByRole('link', { name: 'Open 1' }).waitFor();

  await server.send(fault('SecondError'));
  await row(page, 'SecondError').getByText('New', { exact: true }).waitFor();
  const titles = await page.getByRole('row').allInnerTexts();
  assert.ok(titles[0].includes('SecondError'), 'the newest is first');

  const { id } = await issueOf('FirstError');
  await server.ask('POST', `/api/v1/projects/1/issues/${id}`, { move: 'resolve' });
  await page.getByRole('link', { name: 'Open 1' }).waitFor();
  await server.send(fault('FirstError'));
  await row(page, 'FirstError').getByText('Regressed', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Regressed 1' }).waitFor();
  await checkAccessible(page);
  checkQuiet(page);
});

test('what an issue is is seen in its row: counts, users, hours, release', async () => {
  for (const user of ['ada', 'bob', 'ada'])
    await server.send(fault('CountedError', 'x'.repeat(120), { user: { id: user }, release: 'shop@2.0.0' }));
  const page = await openList('?query=CountedError');
  const counted = row(page, 'CountedError');
  await counted.getByTitle('3 events').waitFor();
  await counted.getByTitle(/^2 users, /).waitFor();
  await counted.getByText('shop@2.0.0').waitFor();
  await counted.getByRole('img', { name: '3 events in 24 h' }).waitFor();
  const { width, whole } = await counted
    .getByRole('link')
    .evaluate((link) => ({ width: link.clientWidth, whole: link.scrollWidth }));
  assert.ok(whole > width, 'the title is one line, clipped');
  assert.match(await counted.getByRole('link').getAttribute('title'), /x{120}/, 'all of it on hover');
  checkQuiet(page);
});

test('filter, search and resolve many, by keyboard alone', async () => {
  for (const name of ['Alpha', 'Beta', 'Gamma'])
    await server.send(fault(`Key${name}Error`, 'by keys', { environment: 'staging' }));
  await server.send(fault('KeyDeltaError', 'by keys', { environment: 'production' }));
  await server.issues((items) => items.filter(({ title }) => /^Key\w+Error/.test(title)).length === 4);
  const page = await openList();
  const { keyboard } = page;
  await row(page, 'KeyDeltaError').waitFor();
  await keyboard.press('/');
  await keyboard.type('by keys');
  await keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: '4 issues' }).waitFor();

  // The environment, from its list.
  const environment = page.getByRole('button', { name: /Environment/ });
  await until('the list of environments to have the focus', async () => {
    await keyboard.press('Tab');
    return environment.evaluate((button) => button === document.activeElement);
  });
  await keyboard.press('Enter');
  await page.getByRole('option', { name: 'staging' }).waitFor();
  await keyboard.type('stag');
  await keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: '3 issues' }).waitFor();
  assert.equal(new URL(page.url()).search, '?environment=staging&query=by+keys');
  await row(page, 'KeyDeltaError').waitFor({ state: 'detached' });
  await page.getByRole('option').first().waitFor({ state: 'detached' });
  await until('the focus to come back', () => environment.evaluate((button) => button === document.activeElement));

  // From the first row, two with the shift key; then one less.
  await keyboard.press('j');
  await page.locator('[role=row]:focus').waitFor();
  await keyboard.press('x');
  await keyboard.press('Shift+ArrowDown');
  await keyboard.press('Shift+ArrowDown');
  await page.getByText('3 selected').waitFor();
  await keyboard.press('k');
  await keyboard.press(' ');
  await page.getByText('2 selected').waitFor();
  const kept = await page.locator('[role=row]:focus').getByRole('link').innerText();
  await keyboard.press('e');
  await page.getByText('2 issues resolved.').waitFor();
  await page.getByRole('status').filter({ hasText: '1 issue' }).waitFor();
  await row(page, kept).waitFor();
  await page.locator('[role=row]:focus').waitFor();
  const all = await server.issues(() => true, '&query=by%20keys&environment=staging');
  assert.equal(all.filter(({ status }) => status.status === 'resolved').length, 2);

  // Acknowledge and ignore the one that has the keyboard; then open it.
  await keyboard.press('a');
  await row(page, kept).getByText('acknowledged').waitFor();
  await keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await keyboard.press('j');
  await page.locator('[role=row]:focus').waitFor();
  await keyboard.press('Enter');
  await page.waitForURL(/\/projects\/1\/issues\/\d+$/);
  await page.goBack();
  await row(page, kept).waitFor();
  await keyboard.press('j');
  await page.locator('[role=row]:focus').waitFor();
  await keyboard.press('i');
  await page.getByRole('heading', { name: 'No issue is like that' }).waitFor();
  checkQuiet(page);
});

test('what the stream tells late of an action brings nothing back that the action took out', async () => {
  const late = 1_000;
  const behind = await proxy(server, { say: (text) => delay(late, text) });
  await server.send(fault('LateError'));
  const [{ id }] = await server.issues((items) => items.length === 1, '&query=LateError');
  const page = await open(chromium, behind, { email: HOST });
  await page.goto('/projects/1/issues?query=LateError');
  await live(page);
  await row(page, 'LateError').waitFor();
  await page.keyboard.press('j');
  await page.locator('[role=row]:focus').waitFor();
  await page.keyboard.press('i');
  const nothing = page.getByRole('heading', { name: 'No issue is like that' });
  await nothing.waitFor();
  await page.evaluate(() => {
    window.cameBack = false;
    const look = () => {
      window.cameBack ||= document.querySelector('[role=row]') !== null;
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  await delay(2 * late);
  assert.equal(await page.evaluate(() => window.cameBack), false);
  // Someone else wants it after all.
  await server.ask('POST', `/api/v1/projects/1/issues/${id}`, { move: 'reopen' });
  await row(page, 'LateError').waitFor();
  checkQuiet(page);
});

test('what someone else changed meanwhile is told, shown as it is now, and stays selected', async () => {
  for (const name of ['One', 'Two', 'Three']) await server.send(fault(`Stale${name}Error`));
  await server.issues((items) => items.filter(({ title }) => title.startsWith('Stale')).length === 3);
  const page = await openList('?query=no+such+thing');
  for (const name of ['One', 'Two', 'Three'])
    await row(page, `Stale${name}Error`).getByRole('checkbox').click({ force: true });
  await page.getByText('3 selected').waitFor();
  const { id } = await issueOf('StaleTwoError');
  await server.ask('POST', `/api/v1/projects/1/issues/${id}`, { move: 'acknowledge' });
  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('menuitem', { name: 'Resolve now' }).click();
  const told = page.getByRole('alert');
  await told.getByText('2 issues resolved, others not.').waitFor();
  await told.getByText(/Changed by someone else meanwhile: 1 issue/).waitFor();
  await told.getByText(/StaleTwoError.*now acknowledged/).waitFor();
  await page.getByText('1 selected').waitFor();
  await row(page, 'StaleTwoError').getByText('acknowledged').waitFor();
  await row(page, 'StaleOneError').waitFor({ state: 'detached' });
  await checkAccessible(page);

  // Said again, with what it is now in sight, it is done.
  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('menuitem', { name: 'Resolve in a release…' }).click();
  await page.getByRole('dialog').getByLabel('Release', { exact: true }).fill('shop@9.9.9');
  await page.keyboard.press('Enter');
  await page.getByText('1 issue resolved in shop@9.9.9.').waitFor();
  assert.deepEqual((await issueOf('StaleTwoError')).status.resolved, { in: 'release', release: 'shop@9.9.9' });
  checkQuiet(page);
});

test('ignored for more occurrences, and until a time', async () => {
  await server.send(fault('CountlessError'));
  await server.send(fault('TimelessError'));
  await server.issues((items) => items.some(({ title }) => title.startsWith('TimelessError')));
  const page = await openList();
  await row(page, 'CountlessError').getByRole('checkbox').click({ force: true });
  await page.getByRole('button', { name: 'Ignore' }).click();
  await page.getByRole('menuitem', { name: 'Ignore for more occurrences…' }).click();
  await page.getByLabel('How many more').fill('7');
  await page.getByRole('dialog').getByRole('button', { name: 'Ignore' }).click();
  await page.getByText('1 issue ignored for a number of occurrences.').waitFor();
  assert.deepEqual((await issueOf('CountlessError')).status.ignored, { until: 'count', value: 8 });

  await row(page, 'TimelessError').getByRole('checkbox').click({ force: true });
  await page.getByRole('button', { name: 'Ignore' }).click();
  await page.getByRole('menuitem', { name: 'Ignore until a time…' }).click();
  await page.getByRole('button', { name: 'In a week' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Ignore' }).click();
  await page.getByText('1 issue ignored for a time.').waitFor();
  const { ignored } = (await issueOf('TimelessError')).status;
  assert.ok(Math.abs(ignored.value - Date.now() - 7 * 86_400_000) < 3_600_000 * 2, 'in a week');
  checkQuiet(page);
});

test('issues are merged into the one that people know best, or the one that is chosen', async () => {
  for (const type of ['MergeBigError', 'MergeBigError', 'MergeSmallError', 'MergeTinyError'])
    await server.send(fault(type, 'to merge'));
  await server.issues((items) => items.filter(({ title }) => title.startsWith('Merge')).length === 3);
  const page = await openList('?query=to+merge');
  await row(page, 'MergeBigError').getByTitle('2 events').waitFor();
  await page.getByRole('row').first().focus();
  await page.keyboard.press('Control+a');
  await page.getByText('3 selected').waitFor();
  await page.getByRole('button', { name: 'Merge…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Merge 3 issues into one' });
  await dialog.getByText(/MergeBigError.*survives/).waitFor();
  await checkAccessible(page);
  await dialog.getByRole('radio', { name: /MergeSmallError/ }).check();
  await dialog.getByText(/MergeSmallError.*survives/).waitFor();
  await dialog.getByRole('button', { name: 'Merge' }).click();
  await page.getByText(/2 issues merged into «MergeSmallError/).waitFor();
  await page.getByRole('status').filter({ hasText: '1 issue' }).waitFor();
  await row(page, 'MergeSmallError').getByTitle('4 events').waitFor();
  assert.equal(await row(page, 'MergeBigError').count(), 0);
  checkQuiet(page);
});

test('filters are in the address, survive a reload, and are cleared at once', async () => {
  await server.send(fault('TaggedError', 'eu', { tags: { region: 'eu:west' }, user: { id: 'zoe' } }));
  await server.send(fault('TaggedOtherError', 'us', { tags: { region: 'us' }, user: { id: 'yan' } }));
  await server.issues((items) => items.some(({ title }) => title.startsWith('TaggedOtherError')));
  const page = await openList();
  await page.getByRole('button', { name: 'Tag, user…' }).click();
  await page.getByLabel('Tag', { exact: true }).fill('region');
  await page.getByLabel('Value of the tag').fill('eu:west');
  await page.getByLabel('User').fill('zoe');
  await page.getByRole('button', { name: 'Show issues' }).click();
  await page.getByRole('status').filter({ hasText: '1 issue' }).waitFor();
  await page.getByRole('link', { name: /^All 1/ }).click();
  await page.getByRole('button', { name: /Severity/ }).click();
  await page.getByRole('option', { name: 'high' }).click();
  await page.waitForURL(/severity=high/);
  await page.reload();
  await row(page, 'TaggedError').waitFor();
  const params = Object.fromEntries(new URL(page.url()).searchParams);
  assert.deepEqual(params, { status: 'all', severity: 'high', tag: 'region:eu:west', user: 'zoe' });
  assert.equal(await row(page, 'TaggedOtherError').count(), 0);
  await page.getByRole('button', { name: 'Remove user zoe' }).click();
  await page.waitForURL((url) => !url.search.includes('user'));
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await row(page, 'TaggedOtherError').waitFor();
  assert.equal(new URL(page.url()).search, '?status=all');
  // Back is the step before.
  await page.goBack();
  await page.getByRole('button', { name: 'Remove tag region:eu:west' }).waitFor();
  checkQuiet(page);
});

test('an event that someone has the id of is found; a filter that fits nothing says so', async () => {
  const id = await server.send(fault('KnownIdError'));
  await server.issues((items) => items.some(({ title }) => title.startsWith('KnownIdError')));
  const page = await openList();
  await page.getByRole('searchbox').fill(id);
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: '1 issue' }).waitFor();
  await row(page, 'KnownIdError').waitFor();
  await page.goto('/projects/1/issues?query=nothing-is-called-like-this');
  await page.getByRole('heading', { name: 'No issue is like that' }).waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await row(page, 'KnownIdError').waitFor();
  checkQuiet(page);
});

test('what comes while someone reads further down waits until they ask for it', async () => {
  for (let i = 0; i < 40; i += 1) await server.send(fault(`Deep${i}Error`));
  await server.issues((items) => items.filter(({ title }) => title.startsWith('Deep')).length === 40);
  const page = await openList();
  await row(page, 'Deep39Error').waitFor();
  await page.mouse.wheel(0, 900);
  await until('the page to be scrolled', () => page.evaluate(() => window.scrollY > 500));
  const first = page.getByRole('row').filter({ hasText: 'Deep20Error' });
  const at = () => first.evaluate((r) => Math.round(r.getBoundingClientRect().top));
  await first.waitFor();
  const before = await at();
  for (const name of ['A', 'B', 'C']) await server.send(fault(`Above${name}Error`));
  const button = page.getByRole('button', { name: '3 new' });
  await button.waitFor();
  assert.equal(await at(), before, 'nothing moves');
  await button.click();
  await row(page, 'AboveCError').waitFor();
  await until('the top', () => page.evaluate(() => window.scrollY === 0));
  checkQuiet(page);
});

test('a viewer sees no boxes and nothing to do; the server refuses it as well', async () => {
  const email = await server.invite('viewer@example.com', 'viewer');
  const page = await openList('', email);
  await row(page, 'Deep39Error').waitFor();
  assert.equal(await page.getByRole('checkbox').count(), 0);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('e');
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await keys.getByText('Open', { exact: true }).waitFor();
  assert.equal(await keys.getByText(/Resolve/).count(), 0);
  assert.equal(await page.getByText(/selected/).count(), 0);
  const { id } = await issueOf('Deep39Error');
  const status = await page.evaluate(async (issue) => {
    const { csrf } = await (await fetch('/api/v1/me')).json();
    const answer = await fetch('/api/v1/projects/1/issues', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-faultwire-csrf': csrf },
      body: JSON.stringify({ issues: [{ id: issue }], move: { move: 'resolve' } }),
    });
    return answer.status;
  }, id);
  assert.equal(status, 403);
  assert.equal((await issueOf('Deep39Error')).status.status, 'unresolved');
  checkQuiet(page);
});

test('on a phone the list is compact, the filters fold, and nothing is wider than the screen', async () => {
  const page = await openList('', HOST, { viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
  await row(page, 'Deep39Error').waitFor();
  await checkFits(page);
  await checkAccessible(page);
  await row(page, 'Deep39Error').getByRole('checkbox').click({ force: true });
  await page.getByText('1 selected').waitFor();
  await checkFits(page);
  await page.getByRole('button', { name: 'Filters' }).click();
  const dialog = page.getByRole('dialog', { name: 'Filters' });
  await dialog.getByRole('button', { name: /Severity/ }).click();
  await page.getByRole('option', { name: 'high' }).click();
  await checkFits(page);
  await dialog.getByRole('button', { name: 'Show issues' }).click();
  await page.getByRole('button', { name: 'Filters (1)' }).waitFor();
  checkQuiet(page);
});

test('what is filtered is exported; formulas are no formulas', async () => {
  const hostile = ['=HYPERLINK("http://evil.example")', '+1+1', '-1-1', '@SUM(A1)'];
  for (const title of hostile) await server.send({ message: title, tags: { from: 'hostile' } });
  await server.issues((items) => items.filter(({ title }) => hostile.includes(title)).length === 4);
  const page = await openList('?tag=from%3Ahostile');
  await page.getByRole('status').filter({ hasText: '4 issues' }).waitFor();
  const take = async (name) => {
    await page.getByRole('button', { name: 'Export' }).click();
    const coming = page.waitForEvent('download');
    await page.getByRole('menuitem', { name }).click();
    const download = await coming;
    await page.getByText('The export has begun').first().waitFor();
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  };
  const table = await take(/CSV/);
  assert.equal(table.name, 'issues.csv');
  const lines = table.text.trim().split('\r\n');
  assert.equal(lines.length, 5, 'the head, and what is filtered');
  for (const title of hostile) assert.ok(table.text.includes(`,"'${title.replaceAll('"', '""')}",`), title);
  const objects = await take(/JSON/);
  assert.equal(objects.name, 'issues.jsonl');
  const titles = objects.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).title);
  assert.deepEqual(titles.sort(), hostile.sort());
  checkQuiet(page);
});

test('when nothing is open any more, that is a good word', async () => {
  const page = await openList();
  await row(page, 'Deep39Error').waitFor();
  await page.getByRole('checkbox', { name: /Select all/ }).click({ force: true });
  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('menuitem', { name: 'Resolve now' }).click();
  await page.getByRole('heading', { name: 'Nothing is open' }).waitFor();
  await page.getByRole('link', { name: /^Resolved/ }).click();
  await row(page, 'Deep39Error').waitFor();
  checkQuiet(page);
});
