// People: how they are invited, what their role lets them do, how their sessions end, and what their tokens may.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { furnish, PAGES, visit } from './pages.mjs';
import { browser, checkQuiet, HOST, open, PASSWORD, Server, until } from './support.mjs';

const server = await Server.start();
await server.setUp();
const issue = await furnish(server);
const chromium = await browser();

/** The link that is shown, once. */
async function shownLink(page) {
  const dialog = page.getByRole('dialog', { name: 'Send them this link' });
  const link = await dialog.getByRole('region').textContent();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.waitFor({ state: 'hidden' });
  return link;
}

/** Comes in by a link, in a browser of one's own. */
async function join(link, name) {
  const page = await open(chromium, server);
  await page.goto(link);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  return page;
}

/** The status with which the API answers who is on this page. */
function asked(page, method, path, body) {
  return page.evaluate(
    async ([how, where, what]) => {
      const { csrf } = await (await fetch('/api/v1/me')).json();
      const headers = { 'content-type': 'application/json', 'x-faultwire-csrf': csrf };
      return (await fetch(where, { method: how, headers, ...(what ? { body: JSON.stringify(what) } : {}) })).status;
    },
    [method, path, body],
  );
}

test('an admin invites someone, who joins and sees what their role allows', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/people');
  await page.getByRole('button', { name: 'Invite someone' }).click();
  await page.getByLabel('E-mail').fill(HOST);
  await page.getByRole('button', { name: 'Make the link' }).click();
  await page
    .getByRole('alert')
    .getByText('There is someone')
    .or(page.getByRole('alert').getByText('there is someone'))
    .waitFor();
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByRole('button', { name: /^Role there|Role there$/ }).click();
  await page.getByRole('option', { name: 'Viewer: reads' }).click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  const link = await shownLink(page);
  const pending = page.getByRole('region', { name: 'Invitations' });
  await pending.getByText('viewer of Default').first().waitFor();

  const ada = await join(link, 'Ada');
  await ada.getByRole('link', { name: 'Projects' }).click();
  await ada
    .getByRole('row', { name: /Default/ })
    .getByText('viewer')
    .waitFor();
  assert.equal(await ada.getByRole('link', { name: 'People' }).count(), 0);
  await ada.goto('/people');
  await ada.getByText('This is for admins of the server').waitFor();
  checkQuiet(ada);

  await page.reload();
  await page.getByRole('row', { name: /ada@example.com/ }).waitFor();
  await pending.getByRole('button', { name: 'Revoke the invitation of invited@example.com' }).click();
  await until('it to be gone', async () => (await pending.getByText('invited@example.com').count()) === 0);
  checkQuiet(page);
});

test('an admin of the server makes another, gives a link for another password, ends sessions, removes', async () => {
  await server.invite('bob@example.com', 'member');
  const bob = await open(chromium, server, { email: 'bob@example.com' });
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/people');
  const row = page.getByRole('row', { name: /bob@example.com/ });
  const choose = async (what) => {
    await row.getByRole('button', { name: 'What to do with bob' }).click();
    await page.getByRole('menuitem', { name: what }).click();
  };
  await choose('Make admin of the server');
  await row.getByText('admin of the server').waitFor();
  await choose('No longer admin of the server');
  await row.getByText('what their projects allow').waitFor();

  await choose('End all sessions');
  await page.getByRole('button', { name: 'End them' }).click();
  await page.getByText('bob is logged out everywhere').waitFor();
  await bob.getByRole('link', { name: 'Releases' }).click();
  await bob.getByRole('heading', { name: 'Log in' }).waitFor();

  await choose('Make a link for another password');
  const link = await shownLink(page);
  await bob.goto(link);
  await bob.getByLabel('Password').fill('another password of bob');
  await bob.getByRole('button', { name: 'Come in' }).click();
  await bob.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  await choose('Remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await until('bob to be gone', async () => (await row.count()) === 0);
  await page
    .getByRole('row', { name: /host@example.com/ })
    .getByRole('button')
    .click();
  await page.getByRole('menuitem', { name: 'No longer admin of the server' }).click();
  await page.getByText('The server would have no admin').waitFor();
  checkQuiet(page);
});

test('an admin of a project adds who is here, invites who is not, changes roles, removes', async () => {
  await server.invite('adam@example.com', 'admin');
  await server.invite('cleo@example.com');
  const page = await open(chromium, server, { email: 'adam@example.com' });
  await page.goto('/projects/1/settings/members');
  await page.getByLabel('E-mail').fill('cleo@example.com');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const cleo = page.getByRole('row', { name: /cleo@example.com/ });
  await cleo.waitFor();
  await cleo.getByRole('button', { name: /Role of cleo/ }).click();
  await page.getByRole('option', { name: 'admin' }).click();
  await page.getByText('cleo is admin now').waitFor();
  await cleo.getByRole('button', { name: 'Remove cleo' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await until('cleo to be gone', async () => (await cleo.count()) === 0);

  await page.getByLabel('E-mail').fill('dora@example.com');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const link = await shownLink(page);
  await page.getByRole('region', { name: 'Invitations' }).getByText('dora@example.com').waitFor();
  const dora = await join(link, 'Dora');
  await dora.goto('/projects/1/settings/keys');
  await dora.getByRole('region', { name: 'Keys in force' }).waitFor();
  assert.equal(await dora.getByRole('button', { name: /Revoke|Rotate|New key/ }).count(), 0, 'members only see keys');
  checkQuiet(dora);
  checkQuiet(page);
});

/** What changes something, by the names of buttons. */
const ACTS =
  /^(resolve|ignore|acknowledge|reopen|merge|unmerge|rotate|revoke|remove|rename|save|delete|forget|invite|add|make|edit|change|new (project|key|channel|rule|token)|tell of a deploy|send a test|try again|enable|disable|switch)\b/i;

/** The buttons in a page that change something. */
async function acts(page) {
  const buttons = await page.getByRole('main').getByRole('button').all();
  const names = await Promise.all(
    buttons.map(async (button) => (await button.getAttribute('aria-label')) ?? (await button.textContent()) ?? ''),
  );
  return names.filter((name) => ACTS.test(name));
}

test('a viewer sees nothing on any page that changes something; the API refuses it as well', async () => {
  const host = await open(chromium, server, { email: HOST });
  await visit(host, { path: '/projects/1/settings/members', heading: /Settings/ }, issue);
  await host
    .getByRole('button', { name: /^Remove/ })
    .first()
    .waitFor();
  assert.ok((await acts(host)).length > 0, 'who may sees them');

  const page = await open(chromium, server, { email: 'vera@example.com' });
  // What is one's own one may change: name, password, tokens.
  const seen = PAGES.filter(({ path, isOpen }) => !isOpen && !path.startsWith('/account'));
  for (const one of seen) {
    const isLost = one.isForMembers || one.isForAdmins;
    await visit(page, isLost ? { ...one, heading: 'There is no such page' } : one, issue);
    assert.deepEqual(await acts(page), [], one.path);
  }
  await page.goto('/projects/1/setup');
  await page.getByText('viewers see no keys').waitFor();
  await page.getByText('mona (mona@example.com)').waitFor();
  assert.match(await page.getByRole('region', { name: 'the lines that start it' }).textContent(), /KEY@HOST\/PROJECT/);

  for (const [method, path, body] of [
    ['POST', `/api/v1/projects/1/issues/${issue}`, { move: 'resolve' }],
    ['GET', '/api/v1/projects/1/keys'],
    ['POST', '/api/v1/projects/1/keys', { kind: 'server' }],
    ['PATCH', '/api/v1/projects/1', { name: 'Mine' }],
    ['PATCH', '/api/v1/projects/1/settings', { retention_days: 1 }],
    ['POST', '/api/v1/projects/1/members', { email: 'eve@example.com', role: 'admin' }],
    ['POST', '/api/v1/projects/1/forget-user', { user: 'user-1' }],
    ['DELETE', '/api/v1/projects/1?confirm=default'],
    ['POST', '/api/v1/projects', { name: 'Mine' }],
    ['GET', '/api/v1/users'],
    ['POST', '/api/v1/invitations', { email: 'eve@example.com' }],
    ['GET', '/api/v1/health'],
  ]) {
    assert.equal(await asked(page, method, path, body), 403, `${method} ${path}`);
  }
  assert.equal(await asked(host, 'GET', '/api/v1/health'), 200, 'asked like this it is not refused for another reason');
  checkQuiet(page);
});

test('a session that ends on the server: the next thing one does leads to the login, and back to where one was', async () => {
  const page = await open(chromium, server, { email: 'mona@example.com' });
  await page.goto('/projects/1/settings/members?at=here');
  await page.getByRole('row', { name: /vera@example.com/ }).waitFor();
  const other = await open(chromium, server, { email: 'mona@example.com' });
  await other.goto('/account');
  await other.getByText('this one').waitFor();
  await other.getByRole('button', { name: 'End all others' }).click();
  await other.getByText('All other sessions have ended').waitFor();
  await page.getByRole('link', { name: 'Data' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.getByLabel('E-mail').fill('mona@example.com');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: /Settings/ }).waitFor();
  assert.match(page.url(), /\/projects\/1\/settings\/data$/);
  checkQuiet(page);
});

test('name and password: the former is no longer taken', async () => {
  await server.invite('pat@example.com', 'member');
  const page = await open(chromium, server, { email: 'pat@example.com' });
  await page.goto('/account');
  await page.getByRole('textbox', { name: 'Name' }).fill('Patricia');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('button', { name: 'Account of Patricia' }).waitFor();
  const next = 'a password that is new';
  await page.getByLabel('Password now').fill('not the password');
  await page.getByLabel('New password').fill(next);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByRole('alert').getByText('it is not your password').waitFor();
  await page.getByLabel('Password now').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('The password is changed').waitFor();
  const login = (password) =>
    fetch(`${server.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'pat@example.com', password }),
    }).then(({ status }) => status);
  assert.deepEqual([await login(PASSWORD), await login(next)], [401, 200]);
  await page.getByRole('link', { name: 'Releases' }).click();
  await page.getByRole('heading', { level: 1, name: 'Releases' }).waitFor();
  checkQuiet(page);
});

test('a token is made, shown once, works as Bearer, and is revoked', async () => {
  const page = await open(chromium, server, { email: 'mona@example.com' });
  await page.goto('/account');
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('deploys');
  await page.getByRole('dialog').getByRole('button', { name: /May/ }).click();
  await page.getByRole('option', { name: 'Read and write' }).click();
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.mouse.click(5, 5);
  const secret = await page.getByRole('region', { name: 'the token' }).textContent();
  assert.match(secret, /^fwt_/);
  await page.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('row', { name: /deploys/ });
  await row.getByText('read and write').waitFor();
  await row.getByText('in 89 d').or(row.getByText('in 90 d')).or(row.getByText('in 2 mo')).waitFor();
  await page.reload();
  await row.waitFor();
  assert.equal((await page.content()).includes(secret), false, 'shown once');

  const ask = () =>
    fetch(`${server.url}/api/v1/projects/1/deploys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ release: 'shop@2.0.0' }),
    }).then(({ status }) => status);
  assert.equal(await ask(), 200);
  await row.getByRole('button', { name: 'Revoke the token deploys' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await until('it to be gone', async () => (await row.count()) === 0);
  assert.equal(await ask(), 401);
  checkQuiet(page);
});

test('the server says how it is, and what it did not count', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/server');
  await page.getByText('All is well').waitFor();
  const { version } = await server.ask('GET', '/api/v1/health');
  await page.getByText(version, { exact: true }).waitFor();
  const counted = page.getByRole('region', { name: 'Not counted' });
  await counted.getByRole('row', { name: /Default The key was revoked.*the server 1/ }).waitFor();
  await page
    .getByRole('button', { name: /Project$|^Project|All projects/ })
    .last()
    .click();
  await page.getByRole('option', { name: 'Default' }).click();
  await page.waitForURL(/project=1/);
  await page.getByRole('region', { name: 'The last that were not counted' }).getByText('the key was revoked').waitFor();
  checkQuiet(page);
});
