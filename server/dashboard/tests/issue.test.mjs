// The page of an issue: what it is, why, and what to do about it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeShop } from './clients.mjs';
import { rich } from './rich.mjs';
import { browser, checkQuiet, DEADLINE, fault, HOST, open, Server, until } from './support.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const server = await Server.start();
await server.setUp();
const chromium = await browser();
const TABS = ['occurrence', 'occurrences', 'tags', 'history', 'grouping', 'similar'];

/** The issue of a type, as soon as so many of it have arrived. */
async function issueOf(type, raw = 1, from = server) {
  const isSo = (items) => items.some((item) => item.type === type && item.raw >= raw);
  const items = await from.issues(isSo);
  return items.find((item) => item.type === type);
}

/** A page that shows the issue of a type. */
async function visit(type, { raw = 1, search = '', from = server, ...how } = {}) {
  const issue = await issueOf(type, raw, from);
  const page = await open(chromium, from, { email: HOST, ...how });
  await page.goto(`/projects/1/issues/${issue.id}${search}`);
  await page.getByRole('heading', { level: 1, name: type }).waitFor();
  return { page, issue };
}

const part = (page, name) => page.getByRole('region', { name, exact: true });

await server.send(rich());
await server.send(rich({ release: 'shop@2.4.0', environment: 'staging', tags: { plan: 'free' } }));

test('an issue says how bad it is, whom it hit, since when, and where', async () => {
  const { page, issue } = await visit('CardDeclinedError', { raw: 2 });
  const head = page.locator('main header').first();
  await head
    .getByText('critical', { exact: true })
    .or(head.getByText('high', { exact: true }))
    .first()
    .waitFor();
  await head.getByText('open', { exact: true }).waitFor();
  await head.getByText('unhandled').waitFor();
  await head.getByText('POST /checkout').waitFor();
  await page.getByText('2 arrived, 2 stored').waitFor();
  await page.getByText(`in ${issue.introduced_in}`).first().waitFor();
  for (const name of ['production', 'staging', 'shop@2.4.0', 'shop@2.4.1']) {
    await page.locator('dl').getByRole('link', { name, exact: true }).waitFor();
  }
  // The chart is drawn, and says the same in words.
  await page.locator('main canvas').waitFor();
  const chart = page.getByRole('slider', { name: 'Events in the last 24 hours, by the hour' });
  assert.match(await chart.getAttribute('aria-valuetext'), /2 events/);
  await page.getByText('2 events in the last 24 hours').waitFor({ state: 'attached' });
  await page.getByRole('link', { name: '14 d' }).click();
  await page.getByText('2 events in the last 14 days').waitFor({ state: 'attached' });
  assert.equal(new URL(page.url()).searchParams.get('range'), '14d');
  checkQuiet(page);
});

test('a stack shows our own code, folds libraries, and leads from the error to its causes', async () => {
  const { page } = await visit('CardDeclinedError', {
    raw: 2,
    options: { permissions: ['clipboard-read', 'clipboard-write'] },
  });
  const stack = part(page, 'Stack');
  const errors = stack.getByRole('article');
  assert.deepEqual(
    await until('three errors', async () => {
      const names = await errors.getByRole('heading', { level: 3 }).allTextContents();
      return names.length === 3 && names;
    }),
    ['CardDeclinedError', 'GatewayError', 'ConnectionResetError'],
  );
  await errors.nth(0).getByText('nobody caught it').waitFor();
  await errors.nth(1).getByText('Caused by', { exact: true }).waitFor();
  await errors.nth(2).getByText('Raised while handling', { exact: true }).waitFor();

  // The innermost call is first, open, and its line is marked.
  const frames = errors.nth(0).getByRole('button', { expanded: true });
  assert.match(await frames.first().textContent(), /charge.*shop\/checkout\.py:91/);
  const marked = errors.nth(0).locator('li[aria-current]').first();
  assert.match(await marked.textContent(), /91\s*return charge\(order, retry=True\)/);
  // What its names stood for, and what was hidden.
  await errors.nth(0).getByText('39.8').waitFor();
  assert.equal(await errors.nth(0).locator('mark').first().textContent(), '[Filtered]');
  await errors.nth(0).getByText('order', { exact: true }).waitFor();
  await errors.nth(0).getByRole('button', { name: /A-17/ }).click();
  await errors.nth(0).getByText('2 names').waitFor();

  const folded = errors.nth(0).getByRole('button', { name: /^\W*12 frames of libraries/ });
  assert.equal(await errors.nth(0).getByText('step_3').count(), 0);
  await folded.click();
  await errors.nth(0).getByText('step_3').waitFor();

  await stack.getByRole('button', { name: 'Copy as text' }).click();
  await page.getByText('The stack is copied.').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(
    copied,
    /^Traceback \(most recent call last\):\n {2}File "\/srv\/shop\/checkout\.py", line 12, in send\n/,
  );
  assert.match(copied, /During handling of the above exception, another exception occurred:/);
  assert.match(copied, /The above exception was the direct cause of the following exception:/);
  assert.ok(copied.endsWith('shop.errors.CardDeclinedError: card was declined'), copied);

  await stack.getByRole('button', { name: 'Newest frame first' }).click();
  await stack.getByRole('button', { name: 'Oldest frame first' }).waitFor();
  assert.match(await errors.nth(0).locator('ol > li').first().textContent(), /12 frames of libraries/);
  // It stays so.
  await page.reload();
  await stack.getByRole('button', { name: 'Oldest frame first' }).waitFor();
  checkQuiet(page);
});

test('what came with it: request, user, tags, contexts, breadcrumbs, and what was filtered or cut', async () => {
  const { page } = await visit('CardDeclinedError', { raw: 2 });
  // The newer of the two is shown.
  await page.getByRole('button', { name: 'Older' }).waitFor();
  const request = part(page, 'Request');
  await request.getByText('https://shop.example.com/checkout').waitFor();
  await request.getByText('WINTER').waitFor();
  await request.getByText('leave it at the door').waitFor();
  assert.match(await request.locator('dl > div', { hasText: 'Authorization' }).textContent(), /\[Filtered\]/);
  await part(page, 'User').getByText('u-17').waitFor();
  assert.match(
    await part(page, 'User').getByRole('link', { name: 'Issues of this user' }).getAttribute('href'),
    /\/projects\/1\/issues\?user=u-17$/,
  );
  const tag = part(page, 'Tags').getByRole('link', { name: 'free' });
  assert.match(await tag.getAttribute('href'), /\/projects\/1\/issues\?tag=plan%3Afree$/);
  await part(page, 'Contexts').getByText('3.12.4').waitFor();
  await part(page, 'Contexts').getByRole('link', { name: 'Issues of the same trace' }).waitFor();

  const crumbs = part(page, 'Breadcrumbs');
  assert.equal(await crumbs.getByRole('listitem').count(), 20);
  const last = await crumbs.getByRole('listitem').first().textContent();
  assert.match(last, /−1\.\d\d s/);
  assert.match(last, /warning.*statement 34/);
  await crumbs.getByRole('button', { name: 'Show all 34 breadcrumbs' }).click();
  await crumbs.getByText('statement 1', { exact: true }).waitFor();

  await part(page, 'Where it ran').getByText('2 modules').click();
  await part(page, 'Where it ran').getByText('psycopg').waitFor();
  const filtered = part(page, 'What was filtered');
  await filtered.getByText('exception.values.2.stacktrace.frames.12.vars.password').waitFor();
  await filtered.getByText('hidden by the rule password').waitFor();
  await filtered.getByText('request.headers.Authorization').waitFor();
  const cut = part(page, 'What was cut');
  await cut.getByText('extra.log').waitFor();
  await cut.getByText(/length before: 3,000/).waitFor();
  checkQuiet(page);
});

test('a group shows its members under it', async () => {
  const member = (type, id) => ({
    type,
    value: `of number ${id}`,
    mechanism: { type: 'chained', exception_id: id, parent_id: 0, source: `exceptions[${id - 1}]` },
    stacktrace: { frames: [{ function: `task_${id}`, filename: 'tasks.py', lineno: id, in_app: true }] },
  });
  const group = {
    type: 'ExceptionGroup',
    value: 'two of them',
    mechanism: { type: 'generic', exception_id: 0, is_exception_group: true },
  };
  await server.send({ exception: { values: [member('KeyError', 2), member('TypeError', 1), group] } });
  const { page } = await visit('ExceptionGroup');
  const errors = part(page, 'Stack').getByRole('article');
  await errors.nth(2).waitFor();
  assert.match(await errors.nth(0).textContent(), /ExceptionGroup.*group of errors/);
  assert.match(await errors.nth(1).textContent(), /Member of the group exceptions\[0\].*TypeError/);
  assert.match(await errors.nth(2).textContent(), /Member of the group exceptions\[1\].*KeyError/);
  const lefts = await errors.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
  assert.ok(lefts[1] > lefts[0] && lefts[1] === lefts[2], 'members stand below their group');
  checkQuiet(page);
});

test('one turns from occurrence to occurrence, by keys too; a link shows the same, and news does not take one away', async () => {
  const ids = [];
  for (let index = 0; index < 3; index += 1) {
    ids.push(await server.send(fault('PagedError', 'paged', { timestamp: Date.now() / 1000 - 60 + index })));
  }
  const { page, issue } = await visit('PagedError', { raw: 3 });
  const shows = (id) => page.getByRole('main').locator('code', { hasText: id }).first().waitFor();
  await shows(ids[2]);
  assert.ok(await page.getByRole('button', { name: 'Newer' }).isDisabled());
  await page.keyboard.press('j');
  await shows(ids[1]);
  await page.getByRole('button', { name: 'Older' }).click();
  await shows(ids[0]);
  assert.equal(new URL(page.url()).searchParams.get('event'), ids[0]);
  await page.keyboard.press('k');
  await shows(ids[1]);
  await page.reload();
  await shows(ids[1]);
  await page.goBack();
  await shows(ids[0]);

  await page
    .getByRole('navigation', { name: 'Parts of the issue' })
    .getByRole('link', { name: /All stored/ })
    .click();
  await part(page, 'Stored occurrences').getByRole('link', { name: ids[2] }).click();
  await shows(ids[2]);
  await page.goto(`/projects/1/issues/${issue.id}`);
  await shows(ids[2]);
  const fourth = await server.send(fault('PagedError', 'paged'));
  await page.getByText('It occurred again since.').waitFor();
  await shows(ids[2]);
  await page.getByRole('button', { name: 'Show the newest' }).click();
  await shows(fourth);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys on this page' }).getByText('Older occurrence').waitFor();
  checkQuiet(page);
});

test('tags are shown with their shares, and lead to the issues that have them', async () => {
  const { page } = await visit('CardDeclinedError', { raw: 2, search: '?tab=tags' });
  const plan = part(page, 'plan');
  const row = plan.getByRole('listitem').filter({ hasText: 'free' });
  assert.match(await row.textContent(), /free\s*1\s*50 %/);
  assert.match(await row.getByRole('link').getAttribute('href'), /\/projects\/1\/issues\?tag=plan%3Afree$/);
  assert.match(await part(page, 'environment').textContent(), /staging\s*1\s*50 %/);
  checkQuiet(page);
});

test('why an occurrence is here is said in frames; similar issues are merged, told in the history, and given back', async () => {
  const frames = fault('OneError').exception.values[0].stacktrace;
  for (const type of ['FirstLikeness', 'SecondLikeness']) {
    await server.send({ exception: { values: [{ type, value: 'the same place', stacktrace: frames }] } });
  }
  await issueOf('SecondLikeness');
  const { page, issue } = await visit('FirstLikeness', { search: '?tab=grouping' });
  const why = part(page, 'Why this occurrence is here');
  await why.getByText('the same errors come from the same places').waitFor();
  await why.getByText('pay_oneerror').waitFor();
  await why
    .getByText('1 frames of libraries')
    .or(why.getByText(/Not counted/))
    .first()
    .waitFor();

  const tabs = page.getByRole('navigation', { name: 'Parts of the issue' });
  await tabs.getByRole('link', { name: 'Similar' }).click();
  const like = page.getByRole('row').filter({ hasText: 'SecondLikeness' });
  assert.match(await like.textContent(), /stack 100 %/);
  await like.getByRole('button', { name: /Merge SecondLikeness/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Merge', exact: true }).click();
  await page.getByText('They are merged.').waitFor();
  await page.getByText('2 arrived, 2 stored').waitFor();
  await tabs.getByRole('link', { name: 'Grouping' }).click();
  const patterns = page.getByRole('region', { name: 'Patterns', exact: true });
  await patterns.getByRole('link', { name: /^#\d+$/ }).click();

  // What was merged says so, and leads back.
  await page.getByText('This issue was merged into').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Resolve' }).count(), 0);
  await page.getByRole('link', { name: `Go to issue #${issue.id}` }).click();
  await page.getByText('2 arrived, 2 stored').waitFor();
  await tabs.getByRole('link', { name: 'History' }).click();
  await page.getByRole('list', { name: 'History' }).getByText(`${HOST} merged #`).waitFor();

  await page.getByRole('button', { name: 'More to do with this issue' }).click();
  await page.getByRole('menuitem', { name: 'Unmerge…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unmerge' }).click();
  await page.getByText('1 arrived, 1 stored').waitFor();
  checkQuiet(page);
});

test('whatever a foreign client leaves out or says otherwise, the page stands', async () => {
  const odd = [
    { exception: { type: 'BareError', value: 7 } },
    { exception: [{ type: 'ListedError', stacktrace: { frames: [{}, { lineno: 3 }] } }] },
    { exception: { values: [{ type: 'CrumbError' }] }, breadcrumbs: [{}, { timestamp: 1e9, data: { a: null } }] },
    {
      exception: { values: [{ type: 'OddError', value: null, stacktrace: { frames: [] } }] },
      request: {
        url: 5,
        headers: [
          ['A', 'b'],
          ['C', 1],
        ],
        query_string: [['x', 'y']],
        cookies: 'a=b; c',
        data: null,
      },
      user: { id: 12, odd: { deep: [1] } },
      tags: [
        ['a', true],
        ['b', null],
      ],
      contexts: { flat: 'text', list: [1, 2], none: null },
      modules: { one: 2 },
      sdk: { name: 9 },
      extra: { nothing: null, empty: {}, list: [[]], number: 1e300 },
      stray: { not: 'in the protocol' },
    },
  ];
  for (const event of odd) await server.send(event);
  for (const type of ['BareError', 'ListedError', 'CrumbError', 'OddError']) {
    const { page } = await visit(type);
    await part(page, 'Tags').waitFor();
    checkQuiet(page);
    await page.context().close();
  }
  await server.send({ message: 'only a message', level: 'info', logger: 'ops' });
  await server.issues((items) => items.some((item) => item.title === 'only a message'));
});

test('a message and the real package for Node are shown as well', async () => {
  const shop = nodeShop(server);
  await shop.fail({ type: 'NodeKaput', value: 'no stock', tags: { tenant: 'acme' }, user: { id: 'n-1' } });
  const { page } = await visit('NodeKaput');
  const stack = part(page, 'Stack');
  await stack.getByText('return new Fault(value);').first().waitFor();
  await stack.getByText('checkout', { exact: true }).waitFor();
  await part(page, 'Breadcrumbs').getByText('checkout of NodeKaput').waitFor();
  await part(page, 'Tags').getByRole('link', { name: 'acme' }).waitFor();
  await part(page, 'Where it ran').getByText('faultwire.node').waitFor();
  checkQuiet(page);
});

test('a giant opens as fast as any: long parts are folded', async () => {
  const frames = Array.from({ length: 500 }, (_, index) => ({
    filename: `deep/part${index % 50}.py`,
    function: `call_${index}`,
    lineno: index + 1,
    in_app: index % 3 !== 0,
    context_line: `    call_${index + 1}()`,
    pre_context: ['def more():', '    pass'],
    vars:
      index > 480
        ? { big: 'v'.repeat(900), ...Object.fromEntries([...Array(40).keys()].map((n) => [`n${n}`, n])) }
        : {},
  }));
  const values = Array.from({ length: 1000 }, (_, index) => ({ message: `crumb ${index} ${'w'.repeat(200)}` }));
  await server.send({
    exception: { values: [{ type: 'GiantError', value: 'deep', stacktrace: { frames } }] },
    breadcrumbs: { values },
    extra: Object.fromEntries([...Array(90).keys()].map((n) => [`name${n}`, 'e'.repeat(1000)])),
    modules: Object.fromEntries([...Array(90).keys()].map((n) => [`module${n}`, '1.0'])),
  });
  await issueOf('GiantError');
  const page = await open(chromium, server, { email: HOST });
  await page.addInitScript(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  const issue = await issueOf('GiantError');
  await page.goto(`/projects/1/issues/${issue.id}`);
  await part(page, 'Breadcrumbs').getByText('crumb 999').waitFor();
  await part(page, 'Extra').waitFor();
  const { count, longest } = await page.evaluate(() => ({
    count: document.querySelectorAll('main *').length,
    longest: window.longest,
  }));
  assert.ok(count < 2500, `${count} elements`);
  assert.ok(longest < 400, `a task of ${longest} ms`);
  await part(page, 'Stack')
    .getByText(/\d+ of 500 frames left out|Show \d+ more places|Show all \d+ places/)
    .first()
    .waitFor();
  checkQuiet(page);
});

test('a thousand occurrences are a list that scrolls: only what is seen is made', async () => {
  const COUNT = 1000;
  const start = Date.now() / 1000 - COUNT;
  const ids = new Array(COUNT);
  const send = async (first) => {
    for (let index = first; index < COUNT; index += 8) {
      ids[index] = await server.send(fault('OftenError', 'again', { timestamp: start + index }));
    }
  };
  await server.ask('PATCH', '/api/v1/projects/1/settings', { store_first: 5000 });
  await Promise.all([...Array(8).keys()].map(send));
  const { page } = await visit('OftenError', { raw: COUNT, search: '?tab=occurrences' });
  const list = part(page, 'Stored occurrences');
  await list.getByRole('link', { name: ids[COUNT - 1] }).waitFor();
  // The next pages come as one scrolls, up to the first of all.
  await until('the end of the list', async () => {
    await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    assert.ok((await list.getByRole('listitem').count()) < 60, 'only what is seen is made');
    return (await list.getByRole('link', { name: ids[0] }).count()) === 1;
  });
  await page.getByText('1,000 stored', { exact: true }).waitFor();
  await list.getByRole('link', { name: ids[0] }).click();
  await page.getByRole('main').locator('code', { hasText: ids[0] }).first().waitFor();
  assert.ok(await page.getByRole('button', { name: 'Older' }).isDisabled());
  checkQuiet(page);
});

test('what is not stored, gone or damaged is said in words', async () => {
  const other = await Server.start();
  await other.setUp();
  await other.ask('PATCH', '/api/v1/projects/1/settings', { store_first: 1, store_one_in: 1_000_000 });
  const stored = await other.send(fault('LostError', 'lost', { timestamp: Date.now() / 1000 - 60 }));
  await issueOf('LostError', 1, other);
  await other.send(fault('LostError', 'lost', { timestamp: Date.now() / 1000 - 30 }));
  const counted = await other.send(fault('LostError', 'lost'));
  const { page, issue } = await visit('LostError', { raw: 3, from: other, search: `?event=${counted}` });
  await page.getByRole('heading', { name: 'Only the count of this occurrence is kept' }).waitFor();
  await page.getByRole('button', { name: 'Show the newest' }).click();
  await part(page, 'Stack').getByText('charge(order)').waitFor();

  const folder = join(other.folder, 'data', 'occurrences');
  const [file] = readdirSync(folder);
  const bytes = readFileSync(join(folder, file));
  writeFileSync(join(folder, file), bytes.fill(7, 16));
  await page.goto(`/projects/1/issues/${issue.id}?event=${stored}`);
  await page.getByRole('heading', { name: 'What was stored of this occurrence is damaged' }).waitFor();
  rmSync(join(folder, file));
  await other.restart();
  await page.reload();
  await page.getByRole('heading', { name: 'What was stored of this occurrence is gone' }).waitFor();
  await page.goto(`/projects/1/issues/${issue.id}?event=${'0'.repeat(32)}`);
  await page.getByRole('heading', { name: 'This occurrence is not there' }).waitFor();
});

test('viewers see no actions, and no keys for them', async () => {
  const viewer = await server.invite('viewer@example.com', 'viewer');
  const issue = await issueOf('CardDeclinedError', 2);
  const page = await open(chromium, server, { email: viewer });
  await page.goto(`/projects/1/issues/${issue.id}?tab=similar`);
  await page.getByRole('heading', { level: 1, name: 'CardDeclinedError' }).waitFor();
  await page.keyboard.press('e');
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys on this page' });
  await keys.getByText('Older occurrence').waitFor();
  assert.equal(await keys.getByText('Resolve').count(), 0);
  await page.keyboard.press('Escape');
  for (const name of ['Resolve', 'More to do with this issue', /^Merge/]) {
    assert.equal(await page.getByRole('button', { name }).count(), 0, `${name}`);
  }
  assert.equal((await issueOf('CardDeclinedError', 2)).status.status, 'unresolved', 'nothing was even asked');
  checkQuiet(page);
});

test(
  'every part stands on a phone, and is accessible in both themes',
  async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { page, issue } = await visit('CardDeclinedError', {
        raw: 2,
        options: { colorScheme, viewport: { width: 390, height: 800 } },
      });
      for (const tab of TABS) {
        await page.goto(`/projects/1/issues/${issue.id}?tab=${tab}`);
        await page.getByRole('heading', { level: 1, name: 'CardDeclinedError' }).waitFor();
        await page.locator('main canvas').waitFor();
        await page.locator('[role=status][aria-label=Loading]').waitFor({ state: 'detached' });
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 390, `${tab} is ${width} wide`);
        await page.evaluate(AXE);
        const found = await page.evaluate(async () => (await window.axe.run()).violations);
        assert.deepEqual(
          found.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`),
          [],
          `${tab}, ${colorScheme}`,
        );
      }
      checkQuiet(page);
      await page.context().close();
    }
  },
  DEADLINE * 10,
);
