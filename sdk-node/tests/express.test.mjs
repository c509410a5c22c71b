// Express 4 and 5, beside `frameworks.test.mjs`: what is Express's own, as routers inside routers and `next(error)`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { EXPRESS_WAYS } from './frameworks.mjs';
import { ask, connect, listen, shut, until } from './http-client.mjs';
import { run } from './run.mjs';
import { Sink } from './sink.mjs';

const require = createRequire(import.meta.url);

for (const [way, name, setup, disabledIntegrations = []] of EXPRESS_WAYS) {
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

    test('passed on: later, and what is no error', async () => {
      app.get('/later', (request, response, next) => setTimeout(next, 1, error('later')));
      app.get('/text', (request, response, next) => next('text'));
      setup(app);
      await start();
      for (const path of ['later', 'text']) {
        assert.equal((await ask(`${url}/${path}`)).status, 500);
      }
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => [event.exception.values[0].value, event.transaction]),
        [
          ['later', '/later'],
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

    test('what answers below 500 is no failure: by either name of the status, by one that was set, by Express itself', async () => {
      app.get('/code', (request, response, next) => next(error('mine', { statusCode: 400 })));
      app.get('/decode/:id', (request, response) => response.end());
      app.get('/set', (request, response, next) => {
        response.status(409);
        next(error());
      });
      setup(app);
      await start();
      assert.equal((await ask(`${url}/code`)).status, 400);
      assert.equal((await ask(`${url}/set`)).status, 409);
      assert.equal((await ask(`${url}/decode/%ZZ`)).status, 400);
      assert.deepEqual(await captured.events(), []);
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

    test('half a body of a client that went away is its fault (400)', async () => {
      const answered = [];
      app.post('/raw', express.raw({ type: '*/*' }), () => {});
      setup(app);
      app.use((thrown, request, response, next) => {
        answered.push(thrown.status);
        next(thrown);
      });
      await start();
      const { say, socket } = connect(url);
      say('POST /raw HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nab');
      await once(server, 'request');
      socket.destroy();
      await until(() => answered.length > 0);
      await sleep(20);
      assert.deepEqual(answered, [400]);
      assert.deepEqual(await captured.events(), []);
    });
  });
}

test('an application that leaves in its error handler loses nothing', async () => {
  const sink = await Sink.start();
  try {
    const source = `fw.init();
      const app = require(${JSON.stringify(require.resolve('express'))})();
      app.get('/a/:b', async () => { throw new Error('failed'); });
      app.use((error, request, response, next) => { response.status(500).end('x'); process.exit(3); });
      const server = app.listen(0, '127.0.0.1', () => fetch('http://127.0.0.1:' + server.address().port + '/a/1').catch(() => {}));`;
    const { code } = await run(source, sink);
    assert.equal(code, 3);
    const [event] = await sink.wait(1);
    assert.equal(event.transaction, '/a/:b');
  } finally {
    await sink.close();
  }
});
