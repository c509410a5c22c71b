// Hapi: errors become responses; one that is a failure in the end is captured.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import Hapi from '@hapi/hapi';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, connect, until } from './http-client.mjs';
import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

const require = createRequire(import.meta.url);

let captured;
let server;
let url;
beforeEach(() => {
  captured = captureEvents({ stormFolding: false });
  server = Hapi.server({ port: 0, host: '127.0.0.1', debug: false });
  faultwire.setupHapiErrorHandler(server);
});
afterEach(async () => {
  await server.stop({ timeout: 100 });
  captured.restore();
});
const start = async () => {
  await server.start();
  url = server.info.uri;
};
const route = (method, path, handler, options) => server.route({ method, path, handler, options });
const values = async () => (await captured.events()).map((event) => event.exception.values[0].value);

test('an error: its route, its request, its tags; the answer is that of hapi', async () => {
  server.auth.scheme('known', () => ({
    authenticate: (request, h) => h.authenticated({ credentials: { id: 'u-7' } }),
  }));
  server.auth.strategy('known', 'known');
  route(
    'POST',
    '/orders/{id}',
    async (request) => {
      faultwire.setTag('path', request.path);
      await sleep(1);
      throw new Error('in the handler');
    },
    { auth: 'known' },
  );
  await start();
  const { status, text } = await ask(`${url}/orders/5?api_key=seeded-secret`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: 'sid=seeded-secret' },
    body: '{"item":"tea","password":"seeded-secret"}',
  });
  assert.deepEqual([status, JSON.parse(text).message], [500, 'An internal server error occurred']);
  const [event, more] = await captured.events();
  assert.equal(more, undefined);
  const { type, handled } = event.exception.values[0].mechanism;
  assert.deepEqual([type, handled], ['auto.http.hapi', false]);
  assert.equal(event.exception.values[0].value, 'in the handler');
  assert.equal(event.transaction, '/orders/{id}');
  assert.equal(event.request.url, `${url}/orders/5`);
  assert.match(JSON.stringify(event.request.data), /tea/);
  assert.equal(event.user.id, 'u-7');
  assert.deepEqual(event.tags, { path: '/orders/5' });
  assert.ok(event.sdk.integrations.includes('hapi'));
  assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
});

test('wherever it comes from: extensions, 502, what is no error', async () => {
  route('GET', '/ext', () => 'ok', {
    ext: {
      onPreHandler: {
        method: () => {
          throw new Error('ext');
        },
      },
    },
  });
  route('GET', '/502', () => {
    throw Object.assign(new Error('upstream'), { isBoom: true, output: { statusCode: 502, payload: {}, headers: {} } });
  });
  route('GET', '/late', () => 'ok', {
    ext: {
      onPreResponse: {
        method: () => {
          throw new Error('late');
        },
      },
    },
  });
  await start();
  const statuses = [];
  for (const path of ['ext', '502', 'late']) statuses.push((await ask(`${url}/${path}`)).status);
  assert.deepEqual(statuses, [500, 502, 500]);
  assert.deepEqual(await values(), ['ext', 'upstream', 'late']);
});

test('what answers below 500 is no failure', async () => {
  route('GET', '/own', () => {
    throw new Error('not there');
  });
  route('GET', '/status', () => {
    throw Object.assign(new Error('mine'), { isBoom: true, output: { statusCode: 422, payload: {}, headers: {} } });
  });
  route('POST', '/json', () => 'ok');
  server.ext('onPreResponse', (request, h) =>
    request.response.message === 'not there' ? h.response('not there').code(404) : h.continue,
  );
  await start();
  assert.equal((await ask(`${url}/nowhere`)).status, 404);
  assert.equal((await ask(`${url}/status`)).status, 422);
  assert.equal(
    (await ask(`${url}/json`, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } })).status,
    400,
  );
  assert.equal((await ask(`${url}/own`)).text, 'not there');
  assert.deepEqual(await captured.events(), []);
});

test("an application's own extension answers 503: captured, the answer is the application's", async () => {
  route('GET', '/', () => {
    throw new Error('down');
  });
  server.ext('onPreResponse', (request, h) =>
    request.response.isBoom ? h.response({ sorry: request.response.message }).code(503) : h.continue,
  );
  await start();
  const { status, text } = await ask(url);
  assert.deepEqual([status, text], [503, '{"sorry":"down"}']);
  assert.deepEqual(await values(), ['down']);
});

test('captured by the application and then thrown: one event', async () => {
  route('GET', '/', () => {
    const error = new Error('once');
    faultwire.captureException(error);
    throw error;
  });
  await start();
  await ask(url);
  assert.deepEqual(await values(), ['once']);
});

test('a client that went away', async () => {
  let failNow;
  route('GET', '/', async () => {
    await new Promise((resolve) => (failNow = resolve));
    throw new Error('slow');
  });
  await start();
  const { say, socket } = connect(url);
  say('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => failNow);
  socket.destroy();
  await sleep(20);
  failNow();
  await sleep(50);
  // Hapi gives up the request with the connection, and whatever becomes of it.
  assert.ok((await captured.events()).length <= 1);
});

test('200 requests at once keep apart', async () => {
  route('GET', '/r/{id}', async ({ params }) => {
    faultwire.setTag('id', params.id);
    faultwire.setUser({ id: params.id });
    await sleep(Math.random() * 5);
    throw new Error(`failed ${params.id}`);
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

test('injected requests are captured, too', async () => {
  route('GET', '/r/{id}', () => {
    throw new Error('injected');
  });
  assert.equal((await server.inject('/r/1')).statusCode, 500);
  const [event] = await captured.events();
  assert.equal(event.transaction, '/r/{id}');
});

describe('processes', () => {
  let sink;
  before(async () => {
    sink = await Sink.start();
  });
  afterEach(() => sink.reset());
  after(() => sink.close());

  const story = `
    const server = Hapi.server({ port: 0, host: '127.0.0.1', debug: false });
    fw.setupHapiErrorHandler(server);
    server.route({ method: 'GET', path: '/a/{b}', handler: () => { throw new Error('failed'); } });
    server.start().then(async () => {
      console.log((await fetch(server.info.uri + '/a/1')).status);
      await server.stop();
    });`;
  const file = JSON.stringify(require.resolve('@hapi/hapi'));
  const module = JSON.stringify(`${PACKAGE}/dist/index.mjs`);
  for (const [what, source] of [
    ['CommonJS', `const Hapi = require(${file}); const fw = require(${JSON.stringify(PACKAGE)}); fw.init(); ${story}`],
    [
      'ESM',
      `import(${file}).then(async ({ default: Hapi }) => { const fw = await import(${module}); fw.init(); ${story} });`,
    ],
  ]) {
    test(what, async () => {
      const { code, stdout, stderr } = await run(source, { ...sink, prelude: false });
      assert.deepEqual([code, stdout, stderr], [0, '500\n', '']);
      assert.equal((await sink.wait(1))[0].transaction, '/a/{b}');
    });
  }
});
