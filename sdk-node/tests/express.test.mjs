// Express 4 and 5: which errors are captured, under which route, and that the application answers as it always did.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, connect, listen, shut, until } from './http-client.mjs';
import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';
import { createServer } from 'node:http';

const require = createRequire(import.meta.url);

// What handles errors: the channel of the router, or the line that the application wrote.
const WAYS = [
  ['express 5, by itself', 'express', () => {}],
  ['express 5, set up', 'express', faultwire.setupExpressErrorHandler, ['express']],
  ['express 5, both', 'express', faultwire.setupExpressErrorHandler],
  ['express 4, set up', 'express4', faultwire.setupExpressErrorHandler],
];

for (const [way, name, setup, disabledIntegrations = []] of WAYS) {
  describe(way, () => {
    const express = require(name);
    let captured;
    let server;
    let app;
    let url;
    before(() => {
      process.env.NODE_ENV = 'test';
    });
    beforeEach(async () => {
      captured = captureEvents({ stormFolding: false, disabledIntegrations });
      app = express();
    });
    afterEach(async () => {
      await shut(server);
      captured.restore();
    });
    const start = async () => {
      server = createServer(app);
      url = await listen(server);
    };
    const error = (message = 'failed', more = {}) => Object.assign(new Error(message), more);

    test('an error: its route, its request, its tags; the answer is that of express', async () => {
      app.use(express.json());
      app.use((request, response, next) => {
        request.user = { id: 'u-7' };
        faultwire.setTag('path', request.path);
        next();
      });
      app.post('/orders/:id', (request, response, next) => next(error('sync')));
      setup(app);
      await start();
      const answer = await ask(`${url}/orders/5?page=2&api_key=seeded-secret`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: 'sid=seeded-secret' },
        body: '{"item":"tea","password":"seeded-secret"}',
      });
      assert.equal(answer.status, 500);
      assert.match(answer.text, /Error: sync/);
      const [event, more] = await captured.events();
      assert.equal(more, undefined);
      const { type, handled } = event.exception.values[0].mechanism;
      assert.deepEqual([type, handled], ['auto.http.express', false]);
      assert.equal(event.transaction, '/orders/:id');
      assert.equal(event.request.url, `${url}/orders/5`);
      assert.equal(event.request.method, 'POST');
      assert.match(JSON.stringify(event.request.data), /tea/);
      assert.deepEqual(event.tags, { path: '/orders/5' });
      assert.equal(event.user.id, 'u-7');
      assert.ok(event.sdk.integrations.includes('express'));
      assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
    });

    test('thrown, rejected and passed on', async () => {
      app.get('/thrown', () => {
        throw error('thrown');
      });
      app.get('/later', (request, response, next) => setTimeout(next, 1, error('later')));
      // Express 4 leaves rejections to the application.
      const wrapped = (handler) => (request, response, next) => handler(request, response).catch(next);
      app.get(
        '/rejected',
        (name === 'express4' ? wrapped : (handler) => handler)(async () => {
          await sleep(1);
          throw error('rejected');
        }),
      );
      app.get('/text', (request, response, next) => next('text'));
      setup(app);
      await start();
      for (const path of ['thrown', 'later', 'rejected', 'text']) {
        assert.equal((await ask(`${url}/${path}`)).status, 500);
      }
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => [event.exception.values[0].value, event.transaction]),
        [
          ['thrown', '/thrown'],
          ['later', '/later'],
          ['rejected', '/rejected'],
          ['text', '/text'],
        ],
      );
    });

    test('routers inside routers: the whole route', async () => {
      const [outer, inner] = [express.Router(), express.Router({ mergeParams: true })];
      inner.get('/items/:item', (request, response, next) => next(error('deep')));
      inner.get('/', () => {
        faultwire.captureMessage('inside');
        throw error('root');
      });
      outer.use('/orgs/:org', inner);
      app.use('/api', outer);
      app.use('/again', inner);
      app.get(/^\/re+g$/, (request, response, next) => next(error('regular')));
      setup(app);
      if (way === 'express 5, set up') {
        // As routers before version 2.3 are, which do not keep what was written.
        [app.router, outer, inner].forEach(({ stack }) => stack.forEach((layer) => delete layer.rawPath));
      }
      await start();
      for (const path of ['/api/orgs/acme/items/7', '/api/orgs/acme', '/reeg']) {
        assert.equal((await ask(url + path)).status, 500);
      }
      const transactions = (await captured.events()).map((event) => event.transaction);
      assert.deepEqual(transactions, ['/api/orgs/:org/items/:item', '/api/orgs/:org', '/api/orgs/:org', '/^\\/re+g$/']);
    });

    test('an application inside an application', async () => {
      const admin = express();
      admin.get('/users/:id', (request, response, next) => {
        faultwire.captureMessage('inside');
        next(error('of admin'));
      });
      app.use('/admin', admin);
      setup(app);
      await start();
      await ask(`${url}/admin/users/7`);
      const transactions = (await captured.events()).map((event) => event.transaction);
      // On its way out, the inner application is forgotten by the time that a line of ours is asked.
      const known = disabledIntegrations.length === 0 && name === 'express';
      assert.deepEqual(transactions, ['/admin/users/:id', known ? '/admin/users/:id' : '/users/:id']);
    });

    test('what answers below 500 is no failure: 404, errors that say so, handlers of the application', async () => {
      class NotThere extends Error {}
      app.get('/status', (request, response, next) => next(error('mine', { status: 422 })));
      app.get('/code', (request, response, next) => next(error('mine', { statusCode: 400 })));
      app.get('/decode/:id', (request, response) => response.end());
      app.get('/set', (request, response, next) => {
        response.status(409);
        next(error());
      });
      app.post('/json', express.json(), (request, response) => response.end());
      app.get('/own', (request, response, next) => next(new NotThere()));
      setup(app);
      app.use((thrown, request, response, next) =>
        thrown instanceof NotThere ? response.status(404).send('not there') : next(thrown),
      );
      await start();
      assert.equal((await ask(`${url}/nowhere`)).status, 404);
      assert.equal((await ask(`${url}/status`)).status, 422);
      assert.equal((await ask(`${url}/code`)).status, 400);
      assert.equal((await ask(`${url}/set`)).status, 409);
      assert.equal((await ask(`${url}/decode/%ZZ`)).status, 400);
      assert.equal(
        (await ask(`${url}/json`, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))
          .status,
        400,
      );
      assert.deepEqual(await ask(`${url}/own`).then(({ status, text }) => [status, text]), [404, 'not there']);
      assert.deepEqual(await captured.events(), []);
    });

    test("an application's own handler answers 503: captured, the answer is the application's", async () => {
      app.get('/own', (request, response, next) => next(error('down')));
      setup(app);
      app.use((thrown, request, response, next) => response.status(503).json({ sorry: thrown.message }));
      await start();
      const { status, text } = await ask(`${url}/own`);
      assert.deepEqual([status, text], [503, '{"sorry":"down"}']);
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => event.exception.values[0].value),
        ['down'],
      );
    });

    test('captured by the application and then passed on: one event', async () => {
      app.get('/', (request, response, next) => {
        const thrown = error();
        faultwire.captureException(thrown, { tags: { by: 'hand' } });
        next(thrown);
      });
      setup(app);
      await start();
      await ask(url);
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => event.tags),
        [{ by: 'hand' }],
      );
    });

    test('an error after the response has begun', async () => {
      app.get('/', (request, response, next) => {
        response.write('begun');
        next(error('late'));
      });
      setup(app);
      await start();
      await assert.rejects(ask(url));
      const [event] = await captured.events();
      assert.equal(event.exception.values[0].value, 'late');
      assert.equal(event.transaction, '/');
    });

    test('a client that went away', async () => {
      let failNow;
      app.post('/raw', express.raw({ type: '*/*' }), () => {});
      app.get('/slow', (request, response, next) => {
        failNow = () => next(error('slow'));
      });
      setup(app);
      await start();
      const upload = connect(url);
      upload.say('POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab');
      const slow = connect(url);
      slow.say('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => failNow);
      upload.socket.destroy();
      slow.socket.destroy();
      await sleep(20);
      failNow();
      const events = await until(async () => (await captured.events()).length && captured.events());
      // The half body is the client's fault (400).
      assert.deepEqual(
        events.map((event) => event.exception.values[0].value),
        ['slow'],
      );
    });

    test('200 requests at once keep apart', async () => {
      app.use(express.json());
      app.post('/r/:id', async (request, response, next) => {
        faultwire.setTag('id', request.params.id);
        faultwire.setUser({ id: request.params.id });
        await sleep(Math.random() * 5);
        next(error(`failed ${request.body.id}`));
      });
      setup(app);
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
        assert.equal(user.id, tags.id);
        assert.equal(exception.values[0].value, `failed ${tags.id}`);
        assert.equal(new URL(request.url).pathname, `/r/${tags.id}`);
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

  const story = (express, end = '') => `
    const app = express();
    app.get('/a/:b', async () => { throw new Error('failed'); });
    app.use((error, request, response, next) => { response.status(500).end('x'); ${end} });
    const server = app.listen(0, '127.0.0.1', async () => {
      const answer = await fetch('http://127.0.0.1:' + server.address().port + '/a/1').catch(() => ({}));
      console.log(answer.status);
      server.close();
    });`;
  const file = JSON.stringify(require.resolve('express'));
  const ours = JSON.stringify(PACKAGE);
  const module = JSON.stringify(`${PACKAGE}/dist/index.mjs`);
  for (const [what, source] of [
    ['CommonJS, express first', `const express = require(${file}); const fw = require(${ours}); fw.init(); ${story()}`],
    [
      'CommonJS, faultwire first',
      `const fw = require(${ours}); fw.init(); const express = require(${file}); ${story()}`,
    ],
    [
      'ESM, express first',
      `import(${file}).then(async ({ default: express }) => { const fw = await import(${module}); fw.init(); ${story()} });`,
    ],
    [
      'ESM, faultwire first',
      `import(${module}).then(async (fw) => { fw.init(); const { default: express } = await import(${file}); ${story()} });`,
    ],
    ['an app that is there before init', `const express = require(${file}); ${story()} require(${ours}).init();`],
  ]) {
    test(`import order: ${what}`, async () => {
      const { code, stdout, stderr } = await run(source, { ...sink, prelude: false });
      assert.deepEqual([code, stdout, stderr], [0, '500\n', '']);
      const [event] = await sink.wait(1);
      assert.equal(event.transaction, '/a/:b');
      assert.equal(event.exception.values[0].mechanism.type, 'auto.http.express');
    });
  }

  test('an application that leaves in its error handler loses nothing', async () => {
    const { code } = await run(`fw.init(); const express = require(${file}); ${story('', 'process.exit(3);')}`, sink);
    assert.equal(code, 3);
    const [event] = await sink.wait(1);
    assert.equal(event.transaction, '/a/:b');
  });
});
