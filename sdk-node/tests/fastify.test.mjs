// Fastify, beside `frameworks.test.mjs`: where else its errors come from, injected requests, HTTP/2.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import fastify from 'fastify';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { FASTIFY_WAYS } from './frameworks.mjs';
import { ask, until } from './http-client.mjs';

for (const [way, setup, disabledIntegrations = []] of FASTIFY_WAYS) {
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

    test('wherever it comes from: hooks, sent errors, serialisers', async () => {
      app.get('/hook', { onRequest: async () => fail('hook') }, async () => 1);
      app.get('/sent', (request, reply) => void reply.send(new Error('sent')));
      app.get(
        '/serialiser',
        { serializerCompiler: () => () => fail('serialiser'), schema: { response: { 200: {} } } },
        async () => ({}),
      );
      await start();
      for (const path of ['hook', 'sent', 'serialiser']) {
        assert.equal((await ask(`${url}/${path}`)).status, 500);
      }
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => [event.exception.values[0].value, event.transaction]),
        [
          ['hook', '/hook'],
          ['sent', '/sent'],
          ['serialiser', '/serialiser'],
        ],
      );
    });

    test('a body that is not of the schema is no failure', async () => {
      app.post('/valid', { schema: { body: { type: 'object', required: ['a'] } } }, async () => 1);
      await start();
      const headers = { 'content-type': 'application/json' };
      assert.equal((await ask(`${url}/valid`, { method: 'POST', body: '{}', headers })).status, 400);
      assert.deepEqual(await captured.events(), []);
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
  });
}
