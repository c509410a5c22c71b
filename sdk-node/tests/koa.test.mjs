// Koa: what it announces as an error is captured; what it prints and answers stays as it was.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import Router from '@koa/router';
import Koa from 'koa';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, connect, listen, shut, until } from './http-client.mjs';
import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

const require = createRequire(import.meta.url);

let captured;
let app;
let router;
let server;
let url;
beforeEach(() => {
  captured = captureEvents({ stormFolding: false });
  app = new Koa();
  app.silent = true;
  faultwire.setupKoaErrorHandler(app);
  router = new Router();
});
afterEach(async () => {
  if (server?.listening) await shut(server);
  captured.restore();
});
const start = async () => {
  app.use(router.routes());
  server = createServer(app.callback());
  url = await listen(server);
};
const values = async () => (await captured.events()).map((event) => event.exception.values[0].value);

test('an error: its route, its request, its tags; the answer is that of koa', async () => {
  app.use(async (ctx, next) => {
    ctx.state.user = { id: 'u-7' };
    faultwire.setTag('path', ctx.path);
    let text = '';
    for await (const chunk of ctx.req) text += chunk;
    ctx.request.body = JSON.parse(text);
    await next();
  });
  const inner = new Router();
  inner.post('/orders/:id', async () => {
    await sleep(1);
    throw new Error('in the handler');
  });
  router.use('/api', inner.routes());
  await start();
  const { status, text } = await ask(`${url}/api/orders/5?api_key=seeded-secret`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: 'sid=seeded-secret' },
    body: '{"item":"tea","password":"seeded-secret"}',
  });
  assert.deepEqual([status, text], [500, 'Internal Server Error']);
  const [event, more] = await captured.events();
  assert.equal(more, undefined);
  const { type, handled } = event.exception.values[0].mechanism;
  assert.deepEqual([type, handled], ['auto.http.koa', false]);
  assert.equal(event.transaction, '/api/orders/:id');
  assert.equal(event.request.url, `${url}/api/orders/5`);
  assert.match(JSON.stringify(event.request.data), /tea/);
  assert.equal(event.user.id, 'u-7');
  assert.deepEqual(event.tags, { path: '/api/orders/5' });
  assert.ok(event.sdk.integrations.includes('koa'));
  assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
});

test('a capture of the application names the route', async () => {
  router.get('/r/:id', (ctx) => {
    faultwire.captureMessage('by hand');
    ctx.body = 'ok';
  });
  await start();
  await ask(`${url}/r/1`);
  const [event] = await captured.events();
  assert.equal(event.transaction, '/r/:id');
});

test('what answers below 500 is no failure', async () => {
  router.get('/throw', (ctx) => ctx.throw(422, 'mine'));
  router.get('/status', () => {
    throw Object.assign(new Error('mine'), { status: 400 });
  });
  router.get('/own', () => {
    throw new Error('not there');
  });
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (error.message !== 'not there') throw error;
      ctx.status = 404;
      ctx.body = 'not there';
    }
  });
  await start();
  assert.equal((await ask(`${url}/nowhere`)).status, 404);
  assert.equal((await ask(`${url}/throw`)).status, 422);
  assert.equal((await ask(`${url}/status`)).status, 400);
  assert.equal((await ask(`${url}/own`)).text, 'not there');
  assert.deepEqual(await captured.events(), []);
});

test("an application's own middleware answers 503 and announces the error, once or twice: one event", async () => {
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.status = 503;
      ctx.body = 'sorry';
      ctx.app.emit('error', error, ctx);
      ctx.app.emit('error', error, ctx);
    }
  });
  router.get('/', () => {
    throw new Error('down');
  });
  await start();
  const { status, text } = await ask(url);
  assert.deepEqual([status, text], [503, 'sorry']);
  assert.deepEqual(await values(), ['down']);
});

test('no error, an error without a request, a stream that fails late, a client that went away', async () => {
  router.get('/text', () => {
    throw 'text';
  });
  router.get('/stream', (ctx) => {
    const stream = new Readable({ read() {} });
    stream.push('begun');
    setTimeout(() => stream.destroy(new Error('late')), 20);
    ctx.body = stream;
  });
  let failNow;
  router.get('/slow', async () => {
    await new Promise((resolve) => (failNow = resolve));
    throw new Error('slow');
  });
  await start();
  assert.equal((await ask(`${url}/text`)).status, 500);
  app.emit('error', new Error('alone'));
  const streaming = connect(url);
  streaming.say('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
  await streaming.heard(/begun/);
  await until(async () => (await values()).includes('late'));
  const slow = connect(url);
  slow.say('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => failNow);
  slow.socket.destroy();
  await sleep(20);
  failNow();
  await until(async () => (await values()).includes('slow'));
  assert.deepEqual(await values(), ['non-error thrown: "text"', 'alone', 'late', 'slow']);
});

test('200 requests at once keep apart', async () => {
  router.get('/r/:id', async (ctx) => {
    faultwire.setTag('id', ctx.params.id);
    faultwire.setUser({ id: ctx.params.id });
    await sleep(Math.random() * 5);
    throw new Error(`failed ${ctx.params.id}`);
  });
  await start();
  await Promise.all(Array.from({ length: 200 }, (_, id) => ask(`${url}/r/${id}`)));
  const events = await captured.events();
  assert.equal(new Set(events.map((event) => event.tags.id)).size, 200);
  for (const { tags, user, exception, request } of events) {
    assert.deepEqual(
      [user.id, exception.values[0].value, new URL(request.url).pathname],
      [tags.id, `failed ${tags.id}`, `/r/${tags.id}`],
    );
  }
});

describe('processes', () => {
  let sink;
  before(async () => {
    sink = await Sink.start();
  });
  afterEach(() => sink.reset());
  after(() => sink.close());

  const file = JSON.stringify(require.resolve('koa'));
  const story = (own) => `
    const app = new Koa();
    if (ACTIVE) fw.setupKoaErrorHandler(app);
    ${own}
    app.use(() => { throw new Error('failed'); });
    const server = app.listen(0, '127.0.0.1', async () => {
      console.log((await fetch('http://127.0.0.1:' + server.address().port)).status);
      server.close();
    });`;
  for (const [what, own] of [
    ['its default', ''],
    ["the application's own listener", "app.on('error', (error) => console.log('own', error.message));"],
    [
      "the application's own onerror",
      "app.onerror = function (error) { console.log('mine', error.message, this === app); };",
    ],
    ['silence', 'app.silent = true;'],
  ]) {
    test(`what is printed stays as it was: ${what}`, async () => {
      const source = (active) =>
        `const ACTIVE = ${active}; fw.init({ disabledIntegrations: ACTIVE ? [] : ['http'] }); const Koa = require(${file}); ${story(own)}`;
      const [without, with_] = [await run(source(false), sink), await run(source(true), sink)];
      const plain = ({ code, stdout, stderr }) => [
        code,
        stdout,
        stderr.replaceAll(/faultwire-story-\w+/g, '').replaceAll(/ at .*/g, ' at'),
      ];
      assert.deepEqual(plain(with_).slice(0, 2), plain(without).slice(0, 2));
      assert.equal(with_.stderr.includes('Error: failed'), without.stderr.includes('Error: failed'));
      const [event] = await sink.wait(1);
      assert.equal(event.exception.values[0].mechanism.type, 'auto.http.koa');
    });
  }

  test('ES modules', async () => {
    const module = JSON.stringify(`${PACKAGE}/dist/index.mjs`);
    const { stdout } = await run(
      `const ACTIVE = true; import(${file}).then(async ({ default: Koa }) => { const fw = await import(${module}); fw.init(); ${story('app.silent = true;')} });`,
      { ...sink, prelude: false },
    );
    assert.equal(stdout, '500\n');
    assert.equal((await sink.wait(1))[0].exception.values[0].mechanism.type, 'auto.http.koa');
  });
});
