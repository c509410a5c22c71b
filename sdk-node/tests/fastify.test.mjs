// Fastify: instances that tell of themselves, and those that are set up.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import fastify from 'fastify';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, connect, until } from './http-client.mjs';
import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

const require = createRequire(import.meta.url);

for (const [way, setup, disabledIntegrations] of [
  ['by itself', () => {}, []],
  ['set up', faultwire.setupFastifyErrorHandler, ['fastify']],
  ['both', faultwire.setupFastifyErrorHandler, []],
]) {
  describe(way, () => {
    let captured;
    let app;
    let url;
    beforeEach(() => {
      captured = captureEvents({ stormFolding: false, disabledIntegrations });
      app = fastify({ forceCloseConnections: true });
      setup(app);
    });
    afterEach(async () => {
      await app.close();
      captured.restore();
    });
    const start = async () => {
      url = await app.listen({ port: 0, host: '127.0.0.1' });
    };
    const fail = (message = 'failed', more = {}) => {
      throw Object.assign(new Error(message), more);
    };
    const values = async () => (await captured.events()).map((event) => event.exception.values[0].value);

    test('an error: its route, its request, its tags; the answer is that of fastify', async () => {
      app.decorateRequest('user', null);
      app.addHook('onRequest', async (request) => {
        request.user = { id: 'u-7' };
        faultwire.setTag('path', request.url);
      });
      app.register(
        async (sub) => {
          sub.post('/orders/:id', async () => {
            await sleep(1);
            fail('in the handler');
          });
        },
        { prefix: '/api' },
      );
      await start();
      const { status, text } = await ask(`${url}/api/orders/5?api_key=seeded-secret`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: 'sid=seeded-secret' },
        body: '{"item":"tea","password":"seeded-secret"}',
      });
      assert.deepEqual(
        [status, JSON.parse(text)],
        [500, { statusCode: 500, error: 'Internal Server Error', message: 'in the handler' }],
      );
      const [event, more] = await captured.events();
      assert.equal(more, undefined);
      const { type, handled } = event.exception.values[0].mechanism;
      assert.deepEqual([type, handled], ['auto.http.fastify', false]);
      assert.equal(event.transaction, '/api/orders/:id');
      assert.equal(event.request.url, `${url}/api/orders/5`);
      assert.match(JSON.stringify(event.request.data), /tea/);
      assert.equal(event.user.id, 'u-7');
      assert.equal(event.tags.path.split('?')[0], '/api/orders/5');
      assert.ok(event.sdk.integrations.includes('fastify'));
      assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
    });

    test('wherever it comes from: hooks, sync handlers, sent errors, serialisers', async () => {
      app.get('/hook', { onRequest: async () => fail('hook') }, async () => 1);
      app.get('/sync', () => fail('sync'));
      app.get('/sent', (request, reply) => void reply.send(new Error('sent')));
      app.get(
        '/serialiser',
        { serializerCompiler: () => () => fail('serialiser'), schema: { response: { 200: {} } } },
        async () => ({}),
      );
      await start();
      for (const path of ['hook', 'sync', 'sent', 'serialiser']) {
        assert.equal((await ask(`${url}/${path}`)).status, 500);
      }
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => [event.exception.values[0].value, event.transaction]),
        [
          ['hook', '/hook'],
          ['sync', '/sync'],
          ['sent', '/sent'],
          ['serialiser', '/serialiser'],
        ],
      );
    });

    test('what answers below 500 is no failure', async () => {
      app.get('/status', async () => fail('mine', { statusCode: 422 }));
      app.post('/valid', { schema: { body: { type: 'object', required: ['a'] } } }, async () => 1);
      app.get('/own', async () => fail('not there'));
      app.setErrorHandler((error, request, reply) => {
        if (error.message === 'not there') return reply.code(404).send('not there');
        return reply.send(error);
      });
      await start();
      assert.equal((await ask(`${url}/nowhere`)).status, 404);
      assert.equal((await ask(`${url}/status`)).status, 422);
      assert.equal(
        (await ask(`${url}/valid`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }))
          .status,
        400,
      );
      assert.equal(
        (await ask(`${url}/valid`, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))
          .status,
        400,
      );
      assert.equal((await ask(`${url}/own`)).text, 'not there');
      assert.deepEqual(await captured.events(), []);
    });

    test("an application's own handler answers 503: captured, the answer is the application's", async () => {
      app.setErrorHandler(async (error, request, reply) => reply.code(503).send({ sorry: error.message }));
      app.get('/', async () => fail('down'));
      await start();
      const { status, text } = await ask(url);
      assert.deepEqual([status, text], [503, '{"sorry":"down"}']);
      assert.deepEqual(await values(), ['down']);
    });

    test('captured by the application and then thrown: one event', async () => {
      app.get('/', async () => {
        const error = new Error('once');
        faultwire.captureException(error);
        throw error;
      });
      await start();
      await ask(url);
      assert.deepEqual(await values(), ['once']);
    });

    test('injected requests have scopes and routes, too', async () => {
      app.get('/r/:id', async (request) => {
        faultwire.setTag('id', request.params.id);
        await sleep(1);
        fail(request.params.id);
      });
      const answers = await Promise.all([1, 2, 3].map((id) => app.inject(`/r/${id}`)));
      assert.deepEqual(
        answers.map((answer) => answer.statusCode),
        [500, 500, 500],
      );
      const events = await captured.events();
      assert.deepEqual(events.map((event) => event.tags.id).sort(), ['1', '2', '3']);
      for (const event of events) {
        assert.equal(event.exception.values[0].value, event.tags.id);
        assert.equal(event.transaction, '/r/:id');
        assert.match(event.request.url, new RegExp(`/r/${event.tags.id}$`));
      }
      faultwire.captureMessage('outside');
      assert.equal((await captured.events()).at(-1).tags, undefined);
    });

    test('a stream that fails once the response has begun, and a client that went away', async () => {
      app.get('/stream', (request, reply) => {
        const stream = new Readable({ read() {} });
        stream.push('begun');
        setTimeout(() => stream.destroy(new Error('late')), 20);
        return reply.send(stream);
      });
      let failNow;
      app.get('/slow', async () => {
        await new Promise((resolve) => (failNow = resolve));
        fail('slow');
      });
      await start();
      await assert.rejects(ask(`${url}/stream`));
      const { say, socket } = connect(url);
      say('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => failNow);
      socket.destroy();
      await sleep(20);
      failNow();
      await until(async () => (await values()).includes('slow'));
    });

    test('HTTP/2: scope, route and request, whether Node tells of it or not', async () => {
      await app.close();
      app = fastify({ http2: true });
      setup(app);
      app.post('/r/:id', async (request) => {
        faultwire.setTag('id', request.params.id);
        await sleep(1);
        fail(request.params.id);
      });
      await start();
      const client = http2.connect(url);
      const one = (id) =>
        new Promise((resolve, reject) => {
          const stream = client.request({
            ':path': `/r/${id}?q=1`,
            ':method': 'POST',
            'content-type': 'application/json',
          });
          stream
            .on('error', reject)
            .on('response', (headers) => resolve(headers[':status']))
            .end('{"item":"tea"}');
        });
      assert.deepEqual(await Promise.all([1, 2].map(one)), [500, 500]);
      // The client has its answer before the server is told that it was given.
      const events = await until(async () => (await captured.events()).length === 2 && captured.events());
      client.destroy();
      assert.deepEqual(events.map((event) => event.tags.id).sort(), ['1', '2']);
      for (const { tags, transaction, request } of events) {
        assert.deepEqual([transaction, request.url, request.method], ['/r/:id', `${url}/r/${tags.id}`, 'POST']);
        assert.match(JSON.stringify(request.data), /tea/);
      }
    });

    test('200 requests at once keep apart', async () => {
      app.post('/r/:id', async (request) => {
        faultwire.setTag('id', request.params.id);
        faultwire.setUser({ id: request.params.id });
        await sleep(Math.random() * 5);
        fail(`failed ${request.body.id}`);
      });
      await start();
      const one = (id) =>
        ask(`${url}/r/${id}`, {
          method: 'POST',
          body: JSON.stringify({ id }),
          headers: { 'content-type': 'application/json' },
        });
      await Promise.all(Array.from({ length: 200 }, (_, id) => one(id)));
      const events = await captured.events();
      assert.equal(new Set(events.map((event) => event.tags.id)).size, 200);
      for (const { tags, user, exception, request } of events) {
        assert.deepEqual(
          [user.id, exception.values[0].value, new URL(request.url).pathname],
          [tags.id, `failed ${tags.id}`, `/r/${tags.id}`],
        );
      }
    });
  });
}

describe('processes', () => {
  let sink;
  before(async () => {
    sink = await Sink.start();
  });
  afterEach(() => sink.reset());
  after(() => sink.close());

  const story = (init, setup = '') => `
    const app = fastify();
    ${init}
    ${setup}
    app.get('/a/:b', async () => { throw new Error('failed'); });
    app.listen({ port: 0, host: '127.0.0.1' }).then(async (url) => {
      console.log((await fetch(url + '/a/1')).status);
      await app.close();
    });`;
  const file = JSON.stringify(require.resolve('fastify'));
  const ours = JSON.stringify(PACKAGE);
  const module = JSON.stringify(`${PACKAGE}/dist/index.mjs`);
  for (const [what, source] of [
    [
      'CommonJS, fastify first',
      `const fastify = require(${file}); const fw = require(${ours}); fw.init(); ${story('')}`,
    ],
    [
      'CommonJS, faultwire first',
      `const fw = require(${ours}); fw.init(); const fastify = require(${file}); ${story('')}`,
    ],
    [
      'ESM, fastify first',
      `import(${file}).then(async ({ default: fastify }) => { const fw = await import(${module}); fw.init(); ${story('')} });`,
    ],
    [
      'ESM, faultwire first',
      `import(${module}).then(async (fw) => { fw.init(); const { default: fastify } = await import(${file}); ${story('')} });`,
    ],
    [
      'an instance from before init, set up',
      `const fastify = require(${file}); const fw = require(${ours}); ${story('fw.init();', 'fw.setupFastifyErrorHandler(app);')}`,
    ],
  ]) {
    test(`import order: ${what}`, async () => {
      const { code, stdout, stderr } = await run(source, { ...sink, prelude: false });
      assert.deepEqual([code, stdout, stderr], [0, '500\n', '']);
      const [event] = await sink.wait(1);
      assert.equal(event.transaction, '/a/:b');
      assert.equal(event.exception.values[0].mechanism.type, 'auto.http.fastify');
    });
  }
});
