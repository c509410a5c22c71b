// Koa, beside `frameworks.test.mjs`: what it announces as an error, and what it prints.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import Router from '@koa/router';
import Koa from 'koa';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, listen, shut } from './http-client.mjs';
import { run } from './run.mjs';
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

test('what the context throws with a status below 500 is no failure', async () => {
  router.get('/throw', (ctx) => ctx.throw(422, 'mine'));
  await start();
  assert.equal((await ask(`${url}/throw`)).status, 422);
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

test('what is no error, and an error without a request', async () => {
  router.get('/text', () => {
    throw 'text';
  });
  await start();
  assert.equal((await ask(`${url}/text`)).status, 500);
  app.emit('error', new Error('alone'));
  assert.deepEqual(await values(), ['non-error thrown: "text"', 'alone']);
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
});
