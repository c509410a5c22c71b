// Hapi, beside `frameworks.test.mjs`: where else its errors come from, and injected requests.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import Hapi from '@hapi/hapi';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask } from './http-client.mjs';

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

test('injected requests are captured, too', async () => {
  route('GET', '/r/{id}', () => {
    throw new Error('injected');
  });
  assert.equal((await server.inject('/r/1')).statusCode, 500);
  const [event] = await captured.events();
  assert.equal(event.transaction, '/r/{id}');
});
