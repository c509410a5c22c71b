// An issue's life, as people on call live it: a real program fails, someone says that it is mended, and it comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeShop } from './clients.mjs';
import { browser, checkQuiet, fault, HOST, open, receiver, Server, until } from './support.mjs';

const server = await Server.start({ settings: ['--webhook-allow', '127.0.0.1', '--alert-digest-seconds', '0'] });
await server.setUp();
const chromium = await browser();
const slack = await receiver();
const shop = nodeShop(server);
const member = await server.invite('member@example.com', 'member');

await server.ask('POST', '/api/v1/projects/1/channels', { name: 'on call', kind: 'slack', url: `${slack.url}/hook` });
await server.ask('PUT', '/api/v1/projects/1/rules', {
  items: [{ name: 'what comes back', triggers: ['regressed', 'unignored'], channels: [] }],
});

async function issueOf(type, isSo = () => true) {
  const items = await server.issues((all) => all.some((one) => one.type === type && isSo(one)));
  return items.find((one) => one.type === type);
}

async function visit(type, { email = HOST, search = '' } = {}) {
  const issue = await issueOf(type);
  const page = await open(chromium, server, { email });
  await page.goto(`/projects/1/issues/${issue.id}${search}`);
  await page.getByRole('heading', { level: 1, name: type }).waitFor();
  return { page, issue };
}

/** What a page says of where its issue stands. */
const stands = (page, text) => page.locator('main header').first().getByText(text, { exact: true }).waitFor();
const choose = async (page, name) => {
  await page.getByRole('button', { name: 'More to do with this issue' }).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
};
const textOf = ({ body }) => JSON.stringify(body);

test('it is resolved, happens again, and is back on screen without a reload; who is on call is told', async () => {
  await shop.fail({ type: 'OutOfStock', value: 'none left' });
  const { page, issue } = await visit('OutOfStock');
  await stands(page, 'open');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Stack', exact: true }).waitFor();
  await page.evaluate(() => {
    window.isSame = true;
  });
  await page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await stands(page, 'resolved');
  await page.getByRole('button', { name: 'Reopen' }).waitFor();
  assert.equal((await issueOf('OutOfStock')).status.status, 'resolved');
  assert.equal(slack.received.length, 0);

  const again = await shop.fail({ type: 'OutOfStock', value: 'none left' });
  await stands(page, 'regressed');
  await page.getByText('It occurred again since.').waitFor();
  await page.getByRole('button', { name: 'Show the newest' }).click();
  await page.locator('main code', { hasText: again }).first().waitFor();
  assert.ok(await page.evaluate(() => window.isSame), 'it is the same page');
  await page.getByRole('link', { name: 'History' }).click();
  const history = page.getByRole('list', { name: 'History' });
  await history.getByText('Was resolved and is back').waitFor();
  await history.getByText(`${HOST} resolved it`).waitFor();

  const told = await until('the message', () => slack.received.find((one) => textOf(one).includes('OutOfStock')));
  const link = /<(http\S+)\|Regression>/.exec(textOf(told))?.[1];
  assert.ok(link, textOf(told));
  // The link in the message is the one to the issue.
  await page.goto(link);
  await page.getByRole('heading', { level: 1, name: 'OutOfStock' }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/projects/1/issues/${issue.id}`);
  checkQuiet(page);
});

test('ignored until the next release, it stays so in this one, and comes back with a later', async () => {
  await shop.fail({ type: 'SlowQuery', value: 'took long', release: 'shop@1.2.0' });
  const { page } = await visit('SlowQuery');
  await page.getByText('Live', { exact: true }).waitFor();
  await choose(page, 'Ignore until the next release');
  await stands(page, 'ignored until after shop@1.2.0');
  await shop.fail({ type: 'SlowQuery', value: 'took long' });
  await page.getByText('2 arrived, 2 stored').waitFor();
  await stands(page, 'ignored until after shop@1.2.0');

  await shop.fail({ type: 'SlowQuery', value: 'took long', release: 'shop@1.3.0' });
  await stands(page, 'open');
  await page.getByText('3 arrived, 3 stored').waitFor();
  await until('the message', () => slack.received.some((one) => textOf(one).includes('SlowQuery')));
  checkQuiet(page);
});

test('everything else that can be said of an issue is said from its page', async () => {
  await server.send(fault('ManyWays', 'one of many'));
  const { page, issue } = await visit('ManyWays');
  await page.keyboard.press('a');
  await stands(page, 'acknowledged');
  await page.keyboard.press('e');
  await stands(page, 'resolved');
  await page.getByRole('button', { name: 'Reopen' }).click();
  await stands(page, 'open');
  await page.keyboard.press('i');
  await stands(page, 'ignored');
  await choose(page, 'Resolve in the next release');
  await stands(page, 'resolved after shop@1.3.0');

  await choose(page, 'Resolve in a release…');
  const release = page.getByRole('dialog', { name: 'Resolve in a release' });
  assert.ok(await release.getByRole('button', { name: 'Resolve' }).isDisabled(), 'as long as none is named');
  await release.getByRole('button', { name: 'shop@1.2.0' }).click();
  assert.equal(await release.getByRole('textbox', { name: 'Release' }).inputValue(), 'shop@1.2.0');
  await release.getByRole('textbox', { name: 'Release' }).fill('shop@2.0.0');
  await page.keyboard.press('Enter');
  await stands(page, 'resolved in shop@2.0.0');

  await choose(page, 'Ignore until it occurs more often…');
  await page.getByLabel('More occurrences').fill('not a number');
  assert.ok(await page.getByRole('dialog').getByRole('button', { name: 'Ignore' }).isDisabled());
  await page.getByLabel('More occurrences').fill('7');
  await page.keyboard.press('Enter');
  await stands(page, 'ignored until 8 occurrences');

  await choose(page, 'Ignore until a time…');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /How long/ })
    .click();
  await page.getByRole('option', { name: 'for a week' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Ignore' }).click();
  await page
    .locator('main header')
    .first()
    .getByText(/^ignored until \d+\//)
    .waitFor();
  const { status } = await server.ask('GET', `/api/v1/projects/1/issues/${issue.id}`).then((whole) => whole.issue);
  const days = (status.ignored.value - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days < 7.1, `${days} days`);
  checkQuiet(page);
});

test('issues are merged from a page, and unmerged', async () => {
  for (const type of ['MergeOne', 'MergeTwo', 'MergeThree']) await server.send(fault(type));
  await issueOf('MergeThree');
  const two = await issueOf('MergeTwo');
  const { page, issue } = await visit('MergeOne');
  await choose(page, 'Merge with…');
  const dialog = page.getByRole('dialog', { name: 'Merge with other issues' });
  await dialog.getByRole('searchbox', { name: 'Find issues' }).fill('MergeTwo');
  await page.keyboard.press('Enter');
  await dialog.getByText('MergeThree: no such thing').waitFor({ state: 'detached' });
  await dialog.getByText('MergeTwo: no such thing').click();
  await dialog.getByRole('button', { name: 'Merge 1 issue into this one' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('2 arrived, 2 stored').waitFor();

  // The link that someone has of the other one leads here.
  await page.goto(`/projects/1/issues/${two.id}`);
  await page.getByRole('link', { name: `Go to issue #${issue.id}` }).click();
  await page.getByText('2 arrived, 2 stored').waitFor();
  await choose(page, 'Unmerge…');
  await page.getByRole('dialog').getByRole('button', { name: 'Unmerge' }).click();
  await page.getByText('1 arrived, 1 stored').waitFor();
  await page.goto(`/projects/1/issues/${two.id}`);
  await page.getByText('1 arrived, 1 stored').waitFor();
  await page.getByRole('button', { name: 'Resolve', exact: true }).waitFor();
  checkQuiet(page);
});

test('where someone else was first one is told what it is now, and decides; nothing is lost', async () => {
  await server.send(fault('Contested'));
  const first = await visit('Contested');
  const second = await visit('Contested', { email: member });

  // While the second writes down in which release, the first resolves.
  await choose(second.page, 'Resolve in a release…');
  await second.page.getByRole('textbox', { name: 'Release' }).fill('shop@9.9.9');
  await first.page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await stands(first.page, 'resolved');
  await second.page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  const dialog = second.page.getByRole('dialog', { name: 'Someone else was first' });
  await dialog.getByText('It is now resolved').waitFor();
  await dialog.getByText(`${HOST} resolved it`).waitFor();
  await dialog.getByText('You wanted to resolve it in shop@9.9.9. Nothing was done yet.').waitFor();
  assert.equal((await issueOf('Contested')).status.resolved.in, 'now', 'the first word stands');

  // Left as it is, what was typed is still there, and what the other did as well.
  await dialog.getByRole('button', { name: 'Leave it as it is' }).click();
  await stands(second.page, 'resolved');
  await choose(second.page, 'Resolve in a release…');
  assert.equal(await second.page.getByRole('textbox', { name: 'Release' }).inputValue(), 'shop@9.9.9');

  // Once more, and this time it is done anyway.
  await first.page.getByRole('button', { name: 'Reopen' }).click();
  await stands(first.page, 'open');
  await second.page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  await dialog.getByText('It is now open').waitFor();
  await dialog.getByRole('button', { name: 'Do it anyway' }).click();
  await stands(second.page, 'resolved in shop@9.9.9');
  await stands(first.page, 'resolved in shop@9.9.9');
  checkQuiet(first.page);
  checkQuiet(second.page);
});

test('without the stream, too, nobody overwrites what they have not seen', async () => {
  await server.send(fault('Unseen'));
  const issue = await issueOf('Unseen');
  const page = await open(chromium, server, { email: member });
  await page.route('**/api/v1/stream', (route) => route.abort());
  await page.goto(`/projects/1/issues/${issue.id}`);
  await stands(page, 'open');
  await server.ask('POST', `/api/v1/projects/1/issues/${issue.id}`, { move: 'ignore', why: 'a known one' });
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog', { name: 'Someone else was first' });
  await dialog.getByText('It is now ignored').waitFor();
  await dialog.getByText('You wanted to acknowledge it.').waitFor();
  await page.keyboard.press('Escape');
  await stands(page, 'ignored');
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByRole('list', { name: 'History' }).getByText('a known one').waitFor();
});

test('links to what is gone, or for others, lead to words and not to an error', async () => {
  await server.send(fault('Secret'));
  const issue = await issueOf('Secret');
  const hidden = await server.ask('POST', '/api/v1/projects', { name: 'Hidden' });
  const inHidden = fault('InHidden');
  await server.send(inHidden, hidden.keys[0].dsn);
  const isThere = async () =>
    (await server.ask('GET', `/api/v1/projects/${hidden.project.id}/issues`)).items.find(
      (one) => one.type === 'InHidden',
    );
  const other = await until('the hidden issue', isThere);

  const page = await open(chromium, server, { email: member });
  const addresses = [
    // None of that number, no number at all, one of a project that is not theirs, and the same by way of their own.
    '/projects/1/issues/999999',
    '/projects/1/issues/nonsense',
    '/projects/1/issues/1e3',
    `/projects/${hidden.project.id}/issues/${other.id}`,
    `/projects/1/issues/${other.id}`,
    `/projects/777/issues/${issue.id}`,
  ];
  for (const address of addresses) {
    await page.goto(address);
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    assert.ok(!(await page.content()).includes('InHidden'), address);
  }
  await page.goto(`/projects/1/issues/${issue.id}`);
  await page.getByRole('heading', { level: 1, name: 'Secret' }).waitFor();
  checkQuiet(page);
});
