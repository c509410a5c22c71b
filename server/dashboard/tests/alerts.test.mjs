// Who is told of what, where, and what came of it.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkAccessible, checkFits } from './accessible.mjs';
import { browser, checkQuiet, DEADLINE, fault, HOST, open, receiver, Server, until } from './support.mjs';

const server = await Server.start({ settings: ['--webhook-allow', '127.0.0.1', '--alert-digest-seconds', '0'] });
await server.setUp();
const chromium = await browser();
const slack = await receiver();
const SECRET_PATH = '/services/T0/B0/xyzzy';

const rules = async () => (await server.ask('GET', '/api/v1/projects/1/rules')).items;
const setRules = (items) => server.ask('PUT', '/api/v1/projects/1/rules', { items });
const makeChannel = (wanted) => server.ask('POST', '/api/v1/projects/1/channels', wanted);
/** The texts of a Slack message, as one. */
const textOf = ({ body }) => body.blocks.map((block) => block.text?.text ?? '').join('\n');
const card = (page, name) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
const tick = (page, name) => page.getByRole('checkbox', { name });

test('until there is a channel nobody is told; one is made, a wrong address told at its field, and tested', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts');
  await page.getByText('When an issue is new, regressed or takes new issues beyond the hourly limit').waitFor();
  await page.getByRole('link', { name: 'Make a channel' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make a channel' });
  await dialog.getByLabel('Name').fill('#ops');
  await dialog.getByLabel('Webhook URL').fill('ftp://hooks.example.com');
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await dialog.getByText('Expected http:// or https://').waitFor();
  assert.equal(await dialog.getByLabel('Webhook URL').getAttribute('aria-invalid'), 'true');
  assert.equal(await dialog.getByLabel('Name').inputValue(), '#ops', 'what was typed stays');
  await dialog.getByLabel('Webhook URL').fill(slack.url + SECRET_PATH);
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await dialog.waitFor({ state: 'detached' });

  const ops = card(page, '#ops');
  await ops.getByText('Nothing was sent yet.').waitFor();
  await ops.getByText('Slack, to 127.0.0.1').waitFor();
  await ops.getByRole('button', { name: 'Send a test to #ops' }).click();
  await ops.getByText('The test was sent.').waitFor();
  await ops.getByText('200: ok').waitFor();
  assert.equal(slack.received.length, 1);
  assert.equal(slack.received[0].path, SECRET_PATH);
  await ops.getByText('Last test').waitFor();

  // It can be changed without being known.
  await ops.getByRole('link', { name: 'Edit #ops' }).click();
  const editor = page.getByRole('dialog', { name: 'Channel #ops' });
  assert.equal(await editor.getByLabel('Webhook URL').inputValue(), '');
  await editor.getByText('Set; leave empty to keep it.').waitFor();
  await editor.getByLabel('Name').fill('#oncall');
  await editor.getByRole('button', { name: 'Save' }).click();
  await card(page, '#oncall').getByRole('button', { name: 'Send a test to #oncall' }).click();
  await until('the second test', () => slack.received.length === 2);
  assert.equal(slack.received[1].path, SECRET_PATH, 'the address was kept');
  assert.ok(!(await page.content()).includes('xyzzy'), 'the secret is nowhere on the page');
  checkQuiet(page);
});

test('a rule is written in the browser; what it chooses is told, with a link to the issue, and nothing else', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts');
  await page.getByRole('link', { name: 'Add a rule' }).click();
  await page.getByLabel('Name').fill('Production');
  await tick(page, /^Regressed/).focus();
  await page.keyboard.press('Space');
  await page.getByLabel('Environments').fill('production');
  await page.keyboard.press('Enter');
  await page.getByLabel('Tags').fill('tier=paid');
  await page.getByRole('button', { name: /At least as urgent as/ }).click();
  await page.getByRole('option', { name: 'medium' }).click();
  await tick(page, /^Every channel/).press('Space');
  await tick(page, /^#oncall/).press('Space');
  await page.getByLabel('How long').fill('30');
  const sentence =
    'When an issue is new, in production, at least medium, with tier=paid: ' +
    'tell #oncall (Slack); of the same issue at most once in 30 min.';
  await page.getByText(sentence).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await card(page, 'Production').getByText(sentence).waitFor();
  await page.getByRole('button', { name: 'Delete default' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await card(page, 'default').waitFor({ state: 'detached' });
  assert.deepEqual(await rules(), [
    {
      name: 'Production',
      triggers: ['new'],
      channels: [1],
      filter: { environments: ['production'], releases: [], min_severity: 'medium', tags: { tier: 'paid' } },
      cooldown_seconds: 1800,
      spike_per_minute: 100,
      enabled: true,
    },
  ]);

  const before = slack.received.length;
  await server.send(fault('OnlyStaging', 'x', { environment: 'staging', tags: { tier: 'paid' } }));
  await server.send(fault('NobodyPays', 'x', { environment: 'production', tags: { tier: 'free' } }));
  await server.send(fault('CardExpired', 'on 12/25', { environment: 'production', tags: { tier: 'paid' } }));
  await until('it is told', () => slack.received.length > before);
  const told = textOf(slack.received[before]);
  assert.match(told, /New issue/);
  assert.match(told, /CardExpired: on 12\/25/);
  const [, link] = /<(http[^|]+)\|/.exec(told);
  const [issue] = (await server.issues((items) => items.length === 3)).filter(({ type }) => type === 'CardExpired');
  assert.equal(new URL(link).pathname, `/projects/1/issues/${issue.id}`);
  assert.equal(slack.received.length, before + 1, 'nothing else was told');

  await page.getByRole('link', { name: 'Deliveries' }).click();
  const row = page.getByRole('row').filter({ hasText: '1 alert' });
  await row.getByText('Sent').waitFor();
  await row.getByText('Accepted.').waitFor();
  assert.equal(await row.count(), 1);

  await page.goto(link.replace(new URL(link).origin, server.url));
  await page.getByRole('heading', { level: 1, name: 'CardExpired' }).waitFor();
  checkQuiet(page);
});

test('a receiver that fails: said in words, tried again, and sent once it works, while one looks on', async () => {
  const page = await open(chromium, server, { email: HOST });
  const { id } = await makeChannel({ kind: 'slack', name: '#flaky', url: `${slack.url}/flaky` });
  await setRules([{ name: 'all', triggers: ['new'], channels: [id] }]);
  slack.status = 500;
  await page.goto('/projects/1/alerts/channels');
  const flaky = card(page, '#flaky');
  await flaky.getByRole('button', { name: 'Send a test to #flaky' }).click();
  const result = flaky.getByRole('status');
  await result.getByText('The test failed.').waitFor();
  await result.getByText('It has trouble of its own.').waitFor();
  await result.getByText('500: out of order').waitFor();

  await page.goto(`/projects/1/alerts/deliveries?channel=${id}`);
  const rows = page.getByRole('table').getByRole('row');
  await rows.filter({ hasText: 'Test' }).getByText('Failed').waitFor();
  await server.send(fault('WhileItIsDown'));
  const row = rows.filter({ hasText: '1 alert' });
  await row.getByText('Waiting').waitFor();
  await row.getByText('It has trouble of its own. 500: out of order Tried again').waitFor();
  slack.status = 200;
  // The server waits twice as long after each attempt.
  await row.getByText('Sent').waitFor({ timeout: 2 * DEADLINE });
  assert.ok(Number(await row.locator('td.number').textContent()) >= 2, 'it took more than one attempt');

  // The choice is in the address, and a link shows the same.
  await page.getByRole('button', { name: /State/ }).click();
  await page.getByRole('option', { name: 'Failed' }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).search, `?channel=${id}&state=failed`);
  await page.reload();
  await rows.filter({ hasText: 'Test' }).waitFor();
  assert.equal(await rows.count(), 2, 'its head, and the failed test');
  checkQuiet(page);
});

test('a channel to an address inside the network says what the admin would have to allow', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts/channels?new');
  await page.getByRole('button', { name: /Kind/ }).click();
  await page.getByRole('option', { name: 'Webhook' }).click();
  await page.getByLabel('Name').fill('inside');
  await page.getByLabel('URL').fill('http://10.1.2.3/hook');
  await page.getByLabel('Secret').fill('short');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('Expected 16 to 200 bytes').waitFor();
  await page.getByLabel('Secret').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Make it' }).click();
  const inside = card(page, 'inside');
  await inside.getByRole('button', { name: 'Send a test to inside' }).click();
  await inside.getByRole('status').getByText('The test failed.').waitFor();
  await inside.getByRole('status').getByText('the setting webhook_allow names exceptions').waitFor();
  await inside.getByRole('button', { name: 'Delete inside' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await inside.waitFor({ state: 'detached' });
  checkQuiet(page);
});

test('what the server does not take is said at its field', async () => {
  await setRules([{ name: 'first', triggers: ['new'] }]);
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts?new');
  const save = page.getByRole('button', { name: 'Save' });
  await save.click();
  await page.getByText('Needed').waitFor();
  const name = page.getByLabel('Name');
  await name.fill('first');
  await save.click();
  await page.getByText('Another rule has it').waitFor();
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  await name.fill('second');
  await page.getByLabel('How long').fill('8');
  await page.getByRole('button', { name: /Unit/ }).click();
  await page.getByRole('option', { name: 'days' }).click();
  await save.click();
  await page.getByText('Expected at most 604800').waitFor();
  assert.equal(await page.getByLabel('How long').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('How long').fill('7');
  await page.getByLabel('Tags').fill('not a tag');
  await save.click();
  await page.getByText('Expected name=value').waitFor();
  await page.getByLabel('Tags').press('Enter');
  await page.getByRole('button', { name: 'Take away not a tag' }).click();
  for (const trigger of [/^New/, /^Regressed/]) await tick(page, trigger).press('Space');
  await save.click();
  await page.getByRole('group', { name: 'When an issue' }).getByText('Expected at least one').waitFor();
  await tick(page, /^Spike/).press('Space');
  await page.getByLabel('Spike: more than, per minute').fill('0');
  await save.click();
  await page.getByText('Expected at least 1', { exact: true }).waitFor();
  assert.equal((await rules()).length, 1, 'nothing of it is in force');
  await page.getByLabel('Spike: more than, per minute').fill('20');
  await save.click();
  await card(page, 'second').getByText('occurs more than 20 times a minute').waitFor();
  await page.reload();
  await card(page, 'second').getByText('at most once in 7 d').waitFor();
  checkQuiet(page);
});

test('two people write rules: of another rule all is kept, of the same one both are shown', async () => {
  const mine = { name: 'mine', triggers: ['new'] };
  const other = { name: 'other', triggers: ['new'] };
  await setRules([mine, other]);
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts');
  await page.getByRole('link', { name: 'Edit mine' }).click();
  await page.getByLabel('How long').fill('5');
  await setRules([mine, { ...other, triggers: ['regressed'] }]);
  await page.getByRole('button', { name: 'Save' }).click();
  await card(page, 'mine').getByText('at most once in 5 min').waitFor();
  assert.deepEqual(
    (await rules()).map(({ name, triggers, cooldown_seconds }) => [name, triggers, cooldown_seconds]),
    [
      ['mine', ['new'], 300],
      ['other', ['regressed'], 0],
    ],
  );

  await page.getByRole('link', { name: 'Edit mine' }).click();
  await page.getByLabel('How long').fill('10');
  await setRules([{ ...mine, triggers: ['milestone'] }, other]);
  await page.getByRole('button', { name: 'Save' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('Someone else changed this rule meanwhile').waitFor();
  await alert.getByText('When an issue passes a milestone').waitFor();
  assert.equal(await page.getByLabel('How long').inputValue(), '10', 'what was typed is still there');
  assert.deepEqual((await rules())[0].triggers, ['milestone'], 'nothing was overwritten');
  await page.getByRole('button', { name: 'Save mine instead' }).click();
  await card(page, 'mine').getByText('When an issue is new').waitFor();
  assert.deepEqual([(await rules())[0].triggers, (await rules())[0].cooldown_seconds], [['new'], 600]);

  // Deleted under one's hands: what was written is not lost.
  await page.getByRole('link', { name: 'Edit mine' }).click();
  await page.getByLabel('How long').fill('15');
  await setRules([other]);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Someone else deleted this rule meanwhile').waitFor();
  await page.getByRole('button', { name: 'Save mine as a new rule' }).click();
  await card(page, 'mine').getByText('at most once in 15 min').waitFor();
  assert.deepEqual(
    (await rules()).map(({ name }) => name),
    ['other', 'mine'],
  );
  checkQuiet(page);
});

test('two people change a channel: who saves last has seen what the other made of it', async () => {
  const { id } = await makeChannel({ kind: 'email', name: 'Team', to: ['a@example.com'] });
  const path = `/api/v1/projects/1/channels/${id}`;
  const page = await open(chromium, server, { email: HOST });
  await page.goto(`/projects/1/alerts/channels?channel=${id}`);
  const dialog = page.getByRole('dialog', { name: 'Channel Team' });
  await dialog.getByLabel('To').fill('a@example.com, not an address');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Expected addresses such as someone@example.com').waitFor();
  await dialog.getByLabel('To').fill('mine@example.com');
  await server.ask('PATCH', path, { name: 'Other team', to: ['theirs@example.com'] });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('It is now Other team, to theirs@example.com, in use').waitFor();
  assert.deepEqual((await server.ask('GET', path)).config.to, ['theirs@example.com'], 'nothing was overwritten');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await card(page, 'Team').getByText('E-mail, to mine@example.com').waitFor();
  await server.ask('DELETE', path);
  checkQuiet(page);
});

test('a rule goes off and on again; one that told only a channel that is gone does not tell all others', async () => {
  const { id } = await makeChannel({ kind: 'slack', name: '#gone', url: `${slack.url}/gone` });
  await setRules([
    { name: 'left', triggers: ['new'], channels: [id] },
    { name: 'kept', triggers: ['regressed'] },
  ]);
  await server.ask('DELETE', `/api/v1/projects/1/channels/${id}`);
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts');
  await card(page, 'left').getByText('off', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Turn off kept' }).click();
  await card(page, 'kept').getByText('off', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Turn on kept' }).click();
  await page.getByRole('button', { name: 'Turn off kept' }).waitFor();
  assert.deepEqual(
    (await rules()).map(({ name, channels, enabled }) => [name, channels, enabled]),
    [
      ['left', [], false],
      ['kept', [], true],
    ],
  );
  checkQuiet(page);
});

test('viewers see all of it, and change nothing', async () => {
  await server.invite('viewer@example.com', 'viewer');
  const page = await open(chromium, server, { email: 'viewer@example.com' });
  for (const path of ['alerts', 'alerts?new', 'alerts?rule=kept', 'alerts/channels', 'alerts/channels?channel=1']) {
    await page.goto(`/projects/1/${path}`);
    await page.getByRole('heading', { level: 2, name: /kept|#oncall/ }).waitFor();
    const main = page.getByRole('main');
    assert.equal(await main.getByRole('button').count(), 0, path);
    assert.equal(await main.getByRole('link', { name: /Edit|Add|Make/ }).count(), 0, path);
    assert.equal(await page.getByRole('dialog').count(), 0, path);
  }
  await page.goto('/projects/1/alerts/deliveries');
  await page.getByRole('row').nth(1).waitFor();
  checkQuiet(page);
});

test('for who listens, and on a phone, light and dark', async () => {
  const channel = await makeChannel({ kind: 'email', name: 'A team', to: ['a.rather.long.address@mail.example.com'] });
  await setRules([
    ...(await rules()),
    {
      name: 'spikes',
      triggers: ['spike', 'new'],
      channels: [channel.id],
      filter: { environments: ['production'], releases: ['shop@1.4.0-rc.1+build.20261122'], tags: { tier: 'paid' } },
    },
  ]);
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ]) {
    const options = { viewport: { width, height: 800 }, colorScheme };
    const page = await open(chromium, server, { email: HOST, options });
    for (const [path, shown] of [
      ['alerts', page.getByRole('button', { name: 'Delete spikes' })],
      ['alerts?rule=spikes', page.getByRole('button', { name: 'Save' })],
      ['alerts/channels', page.getByRole('button', { name: 'Send a test to A team' })],
      [`alerts/channels?channel=${channel.id}`, page.getByRole('dialog').getByLabel('To')],
      ['alerts/deliveries', page.getByRole('row').nth(1)],
      ['alerts/deliveries?channel=9999', page.getByRole('heading', { name: 'No such delivery' })],
    ]) {
      await page.goto(`/projects/1/${path}`);
      await shown.waitFor();
      await checkAccessible(page);
      await checkFits(page);
    }
    checkQuiet(page);
  }
});

test('secrets that cannot be read any more: the channel says what to do', async () => {
  await server.stop();
  rmSync(join(server.folder, 'data', 'channel.key'));
  await server.run();
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/alerts/channels');
  await card(page, '#oncall').getByText('Its secrets cannot be read').waitFor();
  await card(page, '#oncall').getByRole('link', { name: 'Edit #oncall' }).click();
  await page.getByText('Cannot be read any more: enter it again.').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Needed').waitFor();
  await page.getByLabel('Webhook URL').fill(slack.url + SECRET_PATH);
  await page.getByRole('button', { name: 'Save' }).click();
  await card(page, '#oncall').getByText('Its secrets cannot be read').waitFor({ state: 'detached' });
  const before = slack.received.length;
  await page.getByRole('button', { name: 'Send a test to #oncall' }).click();
  await until('the test', () => slack.received.length > before);
  checkQuiet(page);
});
