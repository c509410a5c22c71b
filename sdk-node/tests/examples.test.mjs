// The examples do what they say, and none of the secrets in them is on the wire.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, test } from 'node:test';

import { ROOT, Sink } from './sink.mjs';

const EXAMPLES = join(ROOT, 'examples', 'node');

let sink;
before(async () => {
  assert.ok(existsSync(join(EXAMPLES, 'node_modules')), 'the examples are not installed: `make examples`');
  sink = await Sink.start();
});
afterEach(() => sink.reset());
after(() => sink.close());

/** The app, and the address that its first line names. */
async function serving(file, work) {
  const app = spawn(process.execPath, [join(EXAMPLES, file)], {
    env: { ...process.env, FAULTWIRE_DSN: sink.dsn, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(app, 'exit');
  try {
    const [url] = await once(createInterface(app.stdout), 'line');
    app.stdout.resume();
    const ask = async (path, { json, ...init } = {}) => {
      if (json !== undefined) {
        Object.assign(init, { method: 'POST', body: JSON.stringify(json) });
        init.headers = { 'content-type': 'application/json', ...init.headers };
      }
      const answer = await fetch(url + path, init);
      return [answer.status, await answer.text()];
    };
    await work(ask);
  } finally {
    app.kill();
    await ended;
  }
}

const raised = (event) => event.exception?.values.at(-1).type ?? event.logentry.formatted;
const by = (events, transaction) => events.find((event) => event.transaction === transaction);

async function assertAbsent(...secrets) {
  const raw = await sink.raw();
  for (const secret of secrets) {
    assert.ok(!raw.includes(secret), secret);
  }
}

test('the Express app', async () => {
  await serving('express_app.js', async (ask) => {
    const headers = { authorization: 'Bearer bearer-secret-token', 'x-customer': 'acme', cookie: 'sid=cookie-secret' };
    assert.equal((await ask('/'))[0], 200);
    assert.equal((await ask('/orders/7?token=tok_query_secret', { headers }))[0], 500);
    const json = { item: 'tea', card: '4111 1111 1111 1111', password: 'body-secret' };
    assert.equal((await ask('/checkout', { headers, json }))[0], 500);
    assert.equal((await ask('/stock/tea'))[0], 500);
    assert.match(JSON.parse((await ask('/quote/0'))[1]).report, /^[0-9a-f]{32}$/);
    assert.deepEqual(await ask('/newsletter', { json: {} }), [200, '{"status":"queued"}']);
    assert.equal((await ask('/category/x'))[0], 500);
    assert.equal((await ask('/missing'))[0], 404);
    await sink.wait(6);
  });
  const events = await sink.events();
  const expected = ['Error', 'Error', 'RangeError', 'RangeError', 'RangeError', 'SyntaxError'];
  assert.deepEqual(events.map(raised).sort(), expected);
  const order = by(events, '/orders/:number');
  assert.equal(order.user.id, 'acme');
  assert.equal(order.breadcrumbs.values.at(-1).message, 'order 7 looked up');
  const checkout = by(events, '/checkout');
  assert.deepEqual(
    checkout.exception.values.map((value) => value.type),
    ['TypeError', 'Error'],
  );
  assert.deepEqual(checkout.contexts.checkout, { items: 3 });
  const secrets = ['bearer-secret-token', 'cookie-secret', 'tok_query_secret', '4111 1111 1111 1111', 'body-secret'];
  await assertAbsent(...secrets, 'hunter2-acme', 'ann@example.com');
});

test('the Fastify app', async () => {
  await serving('fastify_app.js', async (ask) => {
    assert.equal((await ask('/'))[0], 200);
    const headers = { cookie: 'session=cookie-secret' };
    assert.equal((await ask('/users/7?api_key=key_query_secret', { headers }))[0], 500);
    assert.equal((await ask('/login', { json: { name: 'ann', password: 'form-secret' } }))[0], 500);
    assert.equal((await ask('/report'))[0], 500);
    assert.equal((await ask('/private'))[0], 403);
    await sink.wait(3);
  });
  const events = await sink.events();
  assert.deepEqual(events.map(raised).sort(), ['AggregateError', 'Error', 'TypeError']);
  const user = by(events, '/users/:number');
  assert.deepEqual([user.user.id, user.release], ['7', 'accounts@2.0.0']);
  assert.equal(by(events, '/login').request.data.name, 'ann');
  assert.equal(by(events, '/report').exception.values.length, 3);
  await assertAbsent('cookie-secret', 'key_query_secret', 'form-secret');
});

async function script(env) {
  const child = spawn(process.execPath, [join(EXAMPLES, 'script.js')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
  }
  const [code] = await once(child, 'close');
  return { code, ...said };
}

test('the script', async () => {
  const { code, stdout, stderr } = await script({ FAULTWIRE_DSN: sink.dsn });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /Error: cannot reach/);
  const events = await sink.wait(7);
  const expected = ['AggregateError', 'Error', 'RangeError', 'SyntaxError', 'TypeError'];
  assert.deepEqual(events.map(raised).sort(), [...expected, 'nightly job started', 'refreshing'].sort());
  const bad = events.find((event) => event.tags?.file !== undefined);
  assert.deepEqual([bad.tags.file, bad.breadcrumbs.values[0].message], ['b.csv', 'file opened']);
  await assertAbsent('hunter2');
});

test('the examples do not need a server', async () => {
  const { code, stdout } = await script({ FAULTWIRE_DSN: '' });
  assert.deepEqual([code, stdout], [1, '']);
});
