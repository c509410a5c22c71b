// What holds in every web framework: an error is captured once if the answer is a failure, in the scope of its request,
// with what is known of it; what the application answers stays as it was. What is special is in the files of each.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { FRAMEWORKS, programs } from './frameworks.mjs';
import { ask, connect, until } from './http-client.mjs';
import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };
const fail = (message, more = {}) => {
  throw Object.assign(new Error(message), more);
};

before(() => {
  // Express prints errors for people.
  process.env.NODE_ENV = 'test';
});

for (const { way, integration, disabled, start, route, text500, refusal, seesLate, seesGone } of FRAMEWORKS) {
  describe(way, () => {
    let captured;
    let app;
    beforeEach(() => {
      app = undefined;
      captured = captureEvents({ stormFolding: false, disabledIntegrations: disabled });
    });
    afterEach(async () => {
      await app?.close();
      captured.restore();
    });
    /** The base of the URLs of an application with these routes. */
    const serve = async (routes, more = {}) => {
      app = await start({ routes, ...more });
      return `${app.url}/api`;
    };
    const values = async () => (await captured.events()).map((event) => event.exception.values.at(-1).value);

    test('an error: its route, its request, its tags; the answer is that of the framework', async () => {
      const failing = async () => {
        await sleep(1);
        fail('in the handler');
      };
      const began = (path) => faultwire.setTag('path', path);
      const url = await serve([['post', '/orders/:id', failing]], { user: { id: 'u-7' }, began });
      const { status, text } = await ask(`${url}/orders/5?page=2&api_key=seeded-secret`, {
        method: 'POST',
        headers: { ...JSON_TYPE, cookie: 'sid=seeded-secret' },
        body: '{"item":"tea","password":"seeded-secret"}',
      });
      assert.equal(status, 500);
      assert.match(text, text500);
      const [event, more] = await captured.events();
      assert.equal(more, undefined);
      const { value, mechanism } = event.exception.values[0];
      assert.equal(value, 'in the handler');
      assert.deepEqual([mechanism.type, mechanism.handled], [`auto.http.${integration}`, false]);
      assert.equal(event.transaction, route('/api/orders/:id'));
      assert.deepEqual([event.request.url, event.request.method], [`${url}/orders/5`, 'POST']);
      assert.match(JSON.stringify(event.request.data), /tea/);
      assert.deepEqual(event.tags, { path: '/api/orders/5' });
      assert.equal(event.user.id, 'u-7');
      assert.ok(event.sdk.integrations.includes(integration));
      assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
    });

    test('thrown and rejected, each under its route', async () => {
      const url = await serve([
        ['get', '/thrown/:id', () => fail('thrown')],
        [
          'get',
          '/rejected/:id',
          async () => {
            await sleep(1);
            fail('rejected');
          },
        ],
      ]);
      for (const path of ['thrown/1', 'rejected/2']) {
        assert.equal((await ask(`${url}/${path}`)).status, 500);
      }
      const seen = (await captured.events()).map(({ exception, transaction }) => [
        exception.values[0].value,
        transaction,
      ]);
      assert.deepEqual(seen, [
        ['thrown', route('/api/thrown/:id')],
        ['rejected', route('/api/rejected/:id')],
      ]);
    });

    test('a capture of the application names the route', async () => {
      const say = () => {
        faultwire.captureMessage('by hand');
        return 'ok';
      };
      const url = await serve([['get', '/r/:id', say]]);
      assert.equal((await ask(`${url}/r/1`)).text, 'ok');
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => event.transaction),
        [route('/api/r/:id')],
      );
    });

    test('what answers below 500 is no failure: 404, errors that say so, handlers of the application', async () => {
      const url = await serve(
        [
          ['get', '/status', () => fail('mine', refusal(422))],
          ['post', '/json', () => 'ok'],
          ['get', '/own', () => fail('not there')],
        ],
        { answer: (error) => (error.message === 'not there' ? [404, 'not there'] : undefined) },
      );
      assert.equal((await ask(`${url}/nowhere`)).status, 404);
      assert.equal((await ask(`${url}/status`)).status, 422);
      assert.equal((await ask(`${url}/json`, { method: 'POST', body: '{', headers: JSON_TYPE })).status, 400);
      const { status, text } = await ask(`${url}/own`);
      assert.deepEqual([status, text], [404, 'not there']);
      assert.deepEqual(await captured.events(), []);
    });

    test("an application's own handler answers 503: captured, the answer is the application's", async () => {
      const url = await serve([['get', '/', () => fail('down')]], {
        answer: (error) => [503, `sorry: ${error.message}`],
      });
      const { status, text } = await ask(`${url}/`);
      assert.deepEqual([status, text], [503, 'sorry: down']);
      assert.deepEqual(await values(), ['down']);
    });

    test('captured by the application and then thrown: one event', async () => {
      const failing = () => {
        const error = new Error('once');
        faultwire.captureException(error, { tags: { by: 'hand' } });
        throw error;
      };
      const url = await serve([['get', '/', failing]]);
      assert.equal((await ask(`${url}/`)).status, 500);
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => [event.exception.values[0].value, event.tags]),
        [['once', { by: 'hand' }]],
      );
    });

    test('a stream that fails once the response has begun', async () => {
      const streaming = () => {
        const stream = new Readable({ read() {} });
        stream.push('begun');
        setTimeout(() => stream.destroy(new Error('late')), 20);
        return stream;
      };
      const url = await serve([['get', '/stream', streaming]]);
      const { say, heard, socket } = connect(url);
      const closed = once(socket, 'close');
      say('GET /api/stream HTTP/1.1\r\nHost: x\r\n\r\n');
      await heard(/begun/);
      // The answer breaks off.
      await closed;
      await (seesLate ? until(async () => (await values()).length > 0) : sleep(20));
      const events = await captured.events();
      const seen = events.map(({ exception, transaction }) => [exception.values[0].value, transaction]);
      assert.deepEqual(seen, seesLate ? [['late', '/api/stream']] : []);
    });

    test('a client that went away', async () => {
      let failNow;
      const slow = async () => {
        await new Promise((resolve) => {
          failNow = resolve;
        });
        fail('slow');
      };
      const url = await serve([['get', '/slow', slow]]);
      const { say, socket } = connect(url);
      say('GET /api/slow HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => failNow);
      socket.destroy();
      await sleep(20);
      failNow();
      if (seesGone) {
        await until(async () => (await values()).length > 0);
        assert.deepEqual(await values(), ['slow']);
      } else {
        await sleep(50);
        assert.ok((await captured.events()).length <= 1);
      }
    });

    test('200 requests at once keep apart', async () => {
      const failing = async ({ id, body }) => {
        faultwire.setTag('id', id);
        faultwire.setUser({ id });
        await sleep(Math.random() * 5);
        fail(`failed ${body.id}`);
      };
      const url = await serve([['post', '/r/:id', failing]]);
      const one = (id) => ask(`${url}/r/${id}`, { method: 'POST', body: JSON.stringify({ id }), headers: JSON_TYPE });
      await Promise.all(Array.from({ length: 200 }, (_, id) => one(id)));
      const events = await captured.events();
      assert.equal(events.length, 200);
      assert.equal(new Set(events.map((event) => event.tags.id)).size, 200);
      for (const { tags, user, exception, request, transaction } of events) {
        assert.equal(user.id, tags.id);
        assert.equal(exception.values[0].value, `failed ${tags.id}`);
        assert.equal(new URL(request.url).pathname, `/api/r/${tags.id}`);
        assert.match(JSON.stringify(request.data), new RegExp(`\\b${tags.id}\\b`));
        assert.equal(transaction, route('/api/r/:id'));
      }
    });
  });
}

describe('whatever is loaded first', () => {
  let sink;
  before(async () => {
    sink = await Sink.start();
  });
  afterEach(() => sink.reset());
  after(() => sink.close());

  for (const [framework, what, source, transaction] of programs(PACKAGE, `${PACKAGE}/dist/index.mjs`)) {
    test(`${framework}: ${what}`, async () => {
      const { code, stdout, stderr } = await run(source, { ...sink, prelude: false });
      assert.deepEqual([code, stdout, stderr], [0, '500\n', '']);
      const [event] = await sink.wait(1);
      assert.equal(event.transaction, transaction);
      assert.equal(event.exception.values[0].mechanism.type, `auto.http.${framework}`);
    });
  }
});
