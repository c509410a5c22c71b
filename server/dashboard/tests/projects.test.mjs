// The way from nothing to the first event, and what a project is set to.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { browser, checkQuiet, DEADLINE, fault, HOST, open, PASSWORD, Server, until } from './support.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const server = await Server.start();
const chromium = await browser();
const folder = mkdtempSync(join(tmpdir(), 'faultwire-guide-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the page shows to be copied, letter by letter. */
const shown = (page, label) => page.getByRole('region', { name: label, exact: true }).textContent();

/** Turns to the lines for an SDK. The address changes first; the tab is marked with the lines, in one stroke. */
async function turnTo(page, sdk) {
  await page.getByRole('link', { name: sdk }).click();
  await page.locator('a[aria-current=page]').filter({ hasText: sdk }).waitFor();
}

/** Runs a command of the guide in a folder, as who reads it would; its exit code and what it said. */
function run(command, more = {}) {
  const env = { ...process.env, PATH: `${join(ROOT, '.venv/bin')}:${process.env.PATH}`, ...more };
  return new Promise((done) => {
    execFile('sh', ['-c', command], { cwd: folder, env, timeout: DEADLINE }, (error, stdout, stderr) =>
      done({ code: error ? (error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}

test('one-time link, new project, guide, the shown lines run in Python, the event arrives, its issue', async () => {
  const page = await open(chromium, server);
  await page.goto(server.setupLink);
  await page.getByLabel('E-mail').fill(HOST);
  await page.getByLabel('Name').fill('Host');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('link', { name: 'Projects' }).click();
  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByLabel('Name').fill('Billing & invoices');
  assert.equal(await page.getByLabel('Slug').inputValue(), 'billing-invoices', 'proposed');
  await page.getByRole('button', { name: 'Make the project' }).click();

  await page.getByRole('heading', { level: 1, name: 'Set up Billing & invoices' }).waitFor();
  await page.getByText('Waiting for an event').waitFor();
  assert.equal(await shown(page, 'the line that installs it'), 'pip install faultwire');
  const begin = await shown(page, 'the lines that start it');
  const program = await shown(page, 'the test');
  assert.ok(program.startsWith(begin), 'the test begins as the program will');
  writeFileSync(join(folder, 'faultwire_test.py'), program);
  const { code, output } = await run(await shown(page, 'the line that runs the test'));
  assert.equal(code, 1, `it fails, as it is meant to: ${output}`);
  assert.match(output, /RuntimeError: A test of Faultwire from Python/);
  await page.getByText('It arrived').waitFor();
  await page.getByRole('link', { name: /A test of Faultwire from Python/ }).click();
  await page.waitForURL(/\/projects\/2\/issues\/\d+$/);
  checkQuiet(page);
  await server.comeIn();
});

test('the lines for Node and for any Sentry SDK run as they are shown', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/2/setup');
  await turnTo(page, 'Node');
  await page.waitForURL(/sdk=node/);
  await page.getByText('Waiting for an event').waitFor();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'sdk-node'), join(folder, 'node_modules/faultwire'));
  const program = await shown(page, 'the test');
  assert.ok(program.startsWith(await shown(page, 'the lines that start it')));
  writeFileSync(join(folder, 'faultwire-test.mjs'), program);
  const { code, output } = await run(await shown(page, 'the line that runs the test'));
  assert.equal(code, 1, output);
  await page.getByRole('link', { name: /A test of Faultwire from Node/ }).waitFor();

  await page.reload();
  await page.getByRole('link', { name: /A test of Faultwire from Node/ }).waitFor();
  assert.equal(await page.getByText('It arrived').count(), 0, 'what came before is no arrival');
  await turnTo(page, 'Any Sentry SDK');
  const { code: sent, output: said } = await run(await shown(page, 'the test'));
  assert.equal(sent, 0, said);
  await page.getByRole('link', { name: 'A test of the protocol, by curl' }).waitFor();
  checkQuiet(page);
});

test('it waits from when it knows what was there: what comes after that is an arrival', async () => {
  const page = await open(chromium, server, { email: HOST });
  let answer;
  const answered = new Promise((done) => {
    answer = done;
  });
  await page.route('**/api/v1/projects/2/issues?*', async (route) => {
    await answered;
    await route.continue();
  });
  await page.goto('/projects/2/setup?sdk=node');
  await page.getByText('Looking at what is there').waitFor();
  assert.equal(await page.getByText('Waiting for an event').count(), 0);
  answer();
  await page.getByText('Waiting for an event').waitFor();
  checkQuiet(page);
});

test('the same fault again is an arrival, too', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/2/setup?sdk=node');
  await page.getByText('Waiting for an event').waitFor();
  await page.getByRole('status').getByRole('link').first().waitFor();
  await run('node faultwire-test.mjs');
  await page.getByText('It arrived').waitFor();
  await page.getByRole('link', { name: /A test of Faultwire from Node/ }).waitFor();
  checkQuiet(page);
});

test('nothing arrives: it says what to look at, and what was refused', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.clock.install();
  await page.goto('/projects/1/setup');
  await page.getByText('Waiting for an event').waitFor();
  const checks = page.getByRole('region', { name: 'When nothing arrives' });
  assert.equal(await checks.count(), 0);
  await page.clock.fastForward(31_000);
  await checks.getByText('Nothing yet?').waitFor();
  const way = await checks.getByRole('region', { name: 'a command that asks whether' }).textContent();
  const { output } = await run(way);
  assert.match(output, /ok/, 'the way is free');
  const doctor = await checks.getByRole('region', { name: 'a command that says what came back' }).textContent();
  assert.match(doctor, /send-test --dsn http/);

  const { output: told } = await run(doctor);
  assert.match(told, /delivered: event/);
  await page.getByText('It arrived').waitFor();
  checkQuiet(page);
});

test('an event with a revoked key: the page says so at once', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/settings/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('button', { name: 'Make the key' }).click();
  const keys = page.getByRole('region', { name: 'Keys in force' });
  await until('the key to be listed', async () => (await keys.getByRole('button', { name: /^Revoke/ }).count()) === 2);
  const dsns = await keys.getByRole('region', { name: /^DSN/ }).allTextContents();
  const added = dsns.find((dsn) => dsn !== server.dsn);
  await server.send({ message: 'with the new key' }, added);
  await keys.getByRole('button', { name: `Revoke key ${new URL(added).username.slice(0, 8)}` }).click();
  await page.waitForURL(/revoke=/);
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('region', { name: 'Revoked keys' }).getByText(new URL(added).username).waitFor();

  await page.goto('/projects/1/setup');
  await page.getByText('Waiting for an event').waitFor();
  await page.getByText('with the new key').waitFor();
  await assert.rejects(server.send({ message: 'too late' }, added), /401/);
  await page.getByText('Something came, and was refused').waitFor();
  await page.getByText('The key was revoked').waitFor();
  checkQuiet(page);
});

test('a browser key for pages of ours; rotated, the former is refused', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/settings/keys?new=yes');
  await page.getByRole('dialog').getByRole('button', { name: /For/ }).click();
  await page.getByRole('option', { name: 'Pages in browsers' }).click();
  await page.getByLabel('Addresses of the pages').fill('shop.example');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page
    .getByRole('alert')
    .getByText(/expected scheme and host/)
    .waitFor();
  await page.getByLabel('Addresses of the pages').fill('https://shop.example\nhttps://*.shop.example');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByText('https://shop.example, https://*.shop.example').waitFor();
  const keys = page.getByRole('region', { name: 'Keys in force' });
  const of = async () => (await keys.getByRole('region', { name: /^DSN of browser/ }).allTextContents())[0];
  const before = await of();
  await keys.getByRole('button', { name: `Rotate key ${new URL(before).username.slice(0, 8)}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
  await until('another key', async () => (await of()) && (await of()) !== before);
  await page.getByText('https://shop.example, https://*.shop.example').waitFor();
  checkQuiet(page);
});

test('settings: own, or as the server says; what someone else set meanwhile is told, what was typed stays', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/settings/data');
  const days = page.getByLabel('Keep details for, in days');
  await days.waitFor();
  assert.equal(await days.inputValue(), '');
  assert.match(await days.getAttribute('placeholder'), /90 days \(the server's\)/);
  await days.fill('ninety');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('A whole number, 1 or more').waitFor();
  await days.fill('91');
  await page.getByRole('button', { name: 'Save' }).click();
  await page
    .getByRole('alert')
    .getByText(/from 1 to 90/)
    .waitFor();
  await days.fill('14');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').waitFor();
  assert.equal((await server.ask('GET', '/api/v1/projects/1/settings')).own.retention_days, 14);

  await days.fill('21');
  await server.ask('PATCH', '/api/v1/projects/1/settings', { retention_days: 30, store_first: 5 });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('Someone else changed the settings').waitFor();
  await page.getByText('Someone else set it to 30 days meanwhile').waitFor();
  assert.equal(await days.inputValue(), '21', 'what was typed is kept');
  assert.equal(await page.getByLabel('Occurrences of an issue kept in full').inputValue(), '5', 'what is now');
  assert.equal(
    (await server.ask('GET', '/api/v1/projects/1/settings')).own.retention_days,
    30,
    'nothing is written over',
  );
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').last().waitFor();
  await until(
    '21 days',
    async () => (await server.ask('GET', '/api/v1/projects/1/settings')).own.retention_days === 21,
  );

  await days.fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await until(
    "the server's",
    async () => (await server.ask('GET', '/api/v1/projects/1/settings')).own.retention_days === null,
  );
  checkQuiet(page);
});

test('a project is renamed, unless someone was faster', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/settings');
  const name = page.getByRole('textbox', { name: 'Name' });
  await until('the name', async () => (await name.inputValue()) === 'Default');
  await until('its tag', () =>
    page.evaluate(() => performance.getEntriesByName(`${location.origin}/api/v1/projects/1`).length),
  );
  await name.fill('Shop');
  await server.ask('PATCH', '/api/v1/projects/1', { name: 'Store' });
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('alert').getByText('it is Store now').waitFor();
  assert.equal(await name.inputValue(), 'Shop');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { level: 1, name: 'Settings of Shop' }).waitFor();
  checkQuiet(page);
});

test('a user is forgotten', async () => {
  await server.send(fault('ForgetError', 'of ada', { user: { id: 'ada-17' } }));
  const issues = () => server.ask('GET', '/api/v1/projects/1/issues?user=ada-17');
  await until('the event', async () => (await issues()).items.length === 1);
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/settings/data');
  await page.getByLabel('User').fill('ada-17');
  await page.getByRole('button', { name: 'Forget this user' }).click();
  await page.getByRole('dialog').getByText('ada-17').waitFor();
  await page.getByRole('button', { name: 'Erase' }).click();
  await page.getByText('Done: the details of 1 event were erased.').waitFor();
  assert.equal((await issues()).items.length, 0);
  checkQuiet(page);
});

test('a project is deleted by who types its slug', async () => {
  const { project } = await server.ask('POST', '/api/v1/projects', { name: 'Old things' });
  const page = await open(chromium, server, { email: HOST });
  await page.goto(`/projects/${project.id}/settings/danger`);
  const button = page.getByRole('button', { name: 'Delete Old things' });
  await page.getByLabel('Type old-things to confirm').fill('old-thing');
  assert.ok(await button.isDisabled());
  await page.getByLabel('Type old-things to confirm').fill('old-things');
  await button.click();
  await page.getByRole('heading', { level: 1, name: 'Projects' }).waitFor();
  await page.getByText('Old things is deleted').waitFor();
  await until(
    'it to be gone',
    async () => (await page.getByRole('link', { name: 'Old things', exact: true }).count()) === 0,
  );
  await assert.rejects(server.ask('GET', `/api/v1/projects/${project.id}`), /404/);
  checkQuiet(page);
});
