// Events say what they like. Whatever stands in them is shown as text, on every page, and does nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, checkQuiet, HOST, open, receiver, Server, until } from './support.mjs';

const server = await Server.start({ settings: ['--webhook-allow', '127.0.0.1', '--alert-digest-seconds', '0'] });
await server.setUp();
const chromium = await browser();
const slack = await receiver();
await server.ask('POST', '/api/v1/projects/1/channels', {
  name: '<b>ops</b>',
  kind: 'slack',
  url: `${slack.url}/hook`,
});

/** What would do something where it is taken for more than a text. */
const ATTACKS = {
  script: '<script>alert(1)</script>',
  handler: '"><img src=x onerror=alert(2)>',
  svg: '<svg/onload=alert(3)>',
  frame: '<iframe srcdoc="<script>parent.alert(4)</script>"></iframe>',
  javascript: 'javascript:alert(5)',
  data: 'data:text/html,<script>alert(6)</script>',
  style: '</style><style>*{display:none}</style>',
  template: `{{constructor.constructor("alert(7)")()}}\${alert(8)}`,
  backwards: '\u202Etxt.exe\u2066 left open',
  long: 'W'.repeat(3000),
  zero: 'zero\u0000byte \u0001\u001b[31m',
  marks: `Z${'\u0300'.repeat(200)}`,
  emptyLink: 'https://evil.example/?<a href=//evil.example>',
  unnamed: 'no\uffff character\ufeff at\u200b all\u2028 of these',
};

function deep(text, levels = 60) {
  let value = text;
  for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { [text.slice(0, 60)]: value };
  return value;
}

/** An event all of whose fields say `text`. */
function hostile(name, text) {
  const now = Date.now() / 1000;
  const frame = (inApp) => ({
    filename: text,
    abs_path: text,
    module: text,
    function: text,
    package: text,
    lineno: 7,
    colno: 3,
    in_app: inApp,
    context_line: text,
    pre_context: [text, text],
    post_context: [text],
    vars: { [text.slice(0, 100)]: text, local: deep(text), list: [text, { inner: text }] },
  });
  const value = (type, id, parent, source) => ({
    type,
    value: text,
    module: text,
    thread_id: text,
    mechanism: {
      type: text,
      exception_id: id,
      ...(parent === undefined ? {} : { parent_id: parent }),
      source,
      data: { text },
    },
    stacktrace: { frames: [frame(false), frame(false), frame(true)] },
  });
  return {
    platform: 'python',
    level: 'error',
    timestamp: now,
    transaction: text,
    server_name: text,
    release: text.slice(0, 150),
    environment: text.slice(0, 60),
    dist: text,
    logger: text,
    exception: {
      values: [
        value(text, 2, 0, 'exceptions[0]'),
        value(text, 1, 0, '__cause__'),
        // Its name finds the issue again.
        value(`${name} ${text}`, 0, undefined, text),
      ],
    },
    threads: {
      values: [
        { id: text, name: text, stacktrace: { frames: [frame(true)] } },
        { id: 2, name: text },
      ],
    },
    breadcrumbs: {
      values: Array.from({ length: 25 }, () => ({
        timestamp: now - 1,
        type: text,
        category: text,
        message: text,
        data: { [text.slice(0, 100)]: text, url: text },
      })),
    },
    user: { id: text, email: text, username: text, ip_address: text, [text.slice(0, 100)]: deep(text) },
    request: {
      url: text,
      method: text,
      query_string: [[text, text]],
      headers: { [text.slice(0, 100)]: text, Referer: text },
      cookies: { [text.slice(0, 100)]: text },
      data: { [text.slice(0, 100)]: deep(text) },
      env: { [text.slice(0, 100)]: text },
    },
    tags: { hostile: text, [text.slice(0, 30)]: text },
    contexts: {
      [text.slice(0, 100)]: { [text.slice(0, 100)]: text },
      trace: { trace_id: text, op: text },
      runtime: { name: text, version: deep(text) },
    },
    extra: { [text.slice(0, 100)]: text, deep: deep(text) },
    modules: { [text.slice(0, 100)]: text },
    fingerprint: [text, name],
    sdk: { name: text, version: text, integrations: [text], packages: [{ name: text, version: text }] },
    debug_meta: { images: [{ type: text, code_file: text }] },
    _meta: { [text.slice(0, 100)]: { '': { rem: [[text, 's', 0, 1]], len: 5 } } },
  };
}

/** That nothing of what was sent became more than text. */
async function checkHarmless(page, where) {
  const found = await page.evaluate(() => {
    const bad =
      'script, img, iframe, object, embed, base, form[action], style, [onerror], [onload], [onclick], [srcdoc]';
    const outside = [...document.querySelectorAll('#root a[href]')].filter(
      (link) => new URL(link.href).origin !== window.location.origin,
    );
    return {
      injected: [...document.querySelectorAll('#root')].flatMap((root) =>
        [...root.querySelectorAll(bad)].map((one) => one.outerHTML.slice(0, 200)),
      ),
      outside: outside.map((link) => link.getAttribute('href')),
      schemes: document.querySelectorAll('a[href^="javascript:" i], a[href^="data:" i]').length,
      width: document.documentElement.scrollWidth - window.innerWidth,
      widest: [...document.querySelectorAll('main *')]
        .filter((one) => one.getBoundingClientRect().right > window.innerWidth)
        .map((one) => `${one.tagName}.${one.className} in ${one.parentElement?.className}`)
        .slice(-3),
    };
  });
  assert.deepEqual(found.injected, [], where);
  assert.deepEqual(found.outside, [], where);
  assert.equal(found.schemes, 0, where);
  assert.ok(found.width <= 0, `${where} is ${found.width} px too wide: ${found.widest}`);
  assert.deepEqual(page.dialogs, [], where);
  checkQuiet(page);
}

/** A page that notes what would have come up. */
async function visitor() {
  const page = await open(chromium, server, { email: HOST });
  page.dialogs = [];
  page.on('dialog', (dialog) => {
    page.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('popup', () => page.dialogs.push('a window'));
  return page;
}

/** Opens whatever is folded, over and over, as far as there is something. */
async function openAll(page) {
  for (let round = 0; round < 4; round += 1) {
    await page.evaluate(() => {
      for (const one of document.querySelectorAll('main details:not([open]) > summary')) one.click();
      const folded = [...document.querySelectorAll('main button[aria-expanded=false]')];
      const more = [...document.querySelectorAll('main button')].filter((one) => /^Show /.test(one.textContent ?? ''));
      for (const one of [...folded, ...more].slice(0, 400)) {
        if (one.getAttribute('aria-haspopup') === null) one.click();
      }
    });
  }
}

const settled = (page) =>
  until(
    'nothing to be on its way',
    async () => (await page.locator('[role=status][aria-label=Loading]').count()) === 0,
  );
const issues = new Map();

test('the server takes them', async () => {
  for (const [name, text] of Object.entries(ATTACKS)) await server.send(hostile(name, text));
  const names = Object.keys(ATTACKS);
  const items = await server.issues((all) => all.length >= names.length);
  for (const name of names) {
    const issue = items.find((one) => one.type.startsWith(`${name} `));
    assert.ok(issue, name);
    issues.set(name, issue);
  }
});

test('the page of an issue shows them as text, with everything opened', async () => {
  const page = await visitor();
  for (const [name, text] of Object.entries(ATTACKS)) {
    const issue = issues.get(name);
    await page.goto(`/projects/1/issues/${issue.id}`);
    await page.getByRole('heading', { level: 1 }).getByText(name).first().waitFor();
    for (const tab of await page.getByRole('navigation', { name: 'Parts of the issue' }).getByRole('link').all()) {
      await tab.click();
      await settled(page);
      await openAll(page);
      await checkHarmless(page, `${name}, ${page.url()}`);
    }
    await page.goto(`/projects/1/issues/${issue.id}`);
    const stack = page.getByRole('region', { name: 'Stack', exact: true });
    await stack.waitFor();
    await page.locator('main canvas').waitFor();
    // It is there as it was sent: nothing was swallowed on the way.
    if (/^[\x20-\x7e]{1,300}$/.test(text)) {
      const shown = await page.locator('main').evaluate((main) => main.textContent);
      for (const place of ['Stack', 'Request', 'Breadcrumbs', 'Contexts', 'Extra']) {
        const inPlace = await page.getByRole('region', { name: place, exact: true }).evaluate((one) => one.textContent);
        assert.ok(inPlace.includes(text), `${name} in ${place}: ${inPlace.slice(0, 300)}`);
      }
      assert.ok(shown.includes(`${name} ${text}`), `${name} as the title`);
    }
  }
});

test('dialogs of an issue and what is copied of it are text as well', async () => {
  const page = await visitor();
  for (const name of ['script', 'handler', 'javascript', 'backwards']) {
    await page.goto(`/projects/1/issues/${issues.get(name).id}`);
    await page.getByRole('button', { name: 'More to do with this issue' }).click();
    await page.getByRole('menuitem', { name: 'Merge with…' }).click();
    await page.getByRole('dialog').getByRole('checkbox').first().waitFor();
    await checkHarmless(page, `${name}, merge`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'More to do with this issue' }).click();
    await page.getByRole('menuitem', { name: 'Resolve in a release…' }).click();
    await page.getByRole('dialog').getByRole('textbox').waitFor();
    await checkHarmless(page, `${name}, release`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Resolve', exact: true }).click();
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    await checkHarmless(page, `${name}, resolved`);
  }
});

test('so do all other pages that show them', async () => {
  const page = await visitor();
  const paths = [
    '/',
    '/projects/1/issues',
    '/projects/1/issues?query=%3Cscript%3Ealert(1)%3C%2Fscript%3E',
    `/projects/1/issues?${new URLSearchParams({ tag: `hostile:${ATTACKS.script}`, release: ATTACKS.script })}`,
    '/projects/1/issues?status=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E',
    '/projects/1/feed',
    '/projects/1/releases',
    `/projects/1/releases?${new URLSearchParams({ release: ATTACKS.handler, environment: ATTACKS.svg })}`,
    '/projects/1/alerts',
    '/projects/1/alerts/deliveries',
    '/projects/1/setup',
    '/projects/1/settings',
    '/projects',
    '/server',
    `/login?to=${encodeURIComponent('javascript:alert(1)')}`,
  ];
  for (const path of paths) {
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await settled(page);
    await page.waitForLoadState('load');
    await checkHarmless(page, path);
  }
});

test('what comes by the stream is text, too', async () => {
  const page = await visitor();
  await page.goto('/projects/1/feed');
  await page.getByText('Live', { exact: true }).waitFor();
  const before = slack.received.length;
  await server.send(hostile('streamed', `${ATTACKS.handler} once more`));
  await until('the alert', () => slack.received.length > before);
  await server.issues((all) => all.some((one) => one.type.startsWith('streamed ')));
  await checkHarmless(page, 'the feed');
});

test('the policy of every answer forbids what is inline or from elsewhere', async () => {
  const issue = [...issues.values()][0];
  for (const path of ['/', '/login', `/projects/1/issues/${issue.id}`, '/account']) {
    const answer = await fetch(server.url + path, { headers: { accept: 'text/html' } });
    const policy = answer.headers.get('content-security-policy') ?? '';
    const rules = new Map(
      policy.split(';').map((rule) => {
        const [name, ...sources] = rule.trim().split(/\s+/);
        return [name, sources.join(' ')];
      }),
    );
    assert.equal(rules.get('default-src'), "'none'", path);
    for (const name of ['script-src', 'style-src', 'img-src', 'connect-src']) {
      assert.equal(rules.get(name), "'self'", `${path}: ${name}`);
    }
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*|https?:|data:|blob:/, path);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', path);
  }
});
