// What Next.js tells `onRequestError`, with the arguments that it gives there.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, listen, shut } from './http-client.mjs';

const CONTEXT = { routerKind: 'App Router', routePath: '/blog/[slug]', routeType: 'render' };

let captured;
beforeEach(() => {
  // The lines around show what they look for.
  captured = captureEvents({ stormFolding: false, includeSourceContext: false });
});
afterEach(() => captured.restore());

test('inside a request: the route, and what the server knows of the request', async () => {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    faultwire.setTag('path', request.url);
    // Next shows the path as it was rewritten, and has no body.
    const told = { path: '/rewritten', method: request.method, headers: request.headers };
    faultwire.captureRequestError(new Error('failed'), told, CONTEXT);
    response.end();
  });
  const url = await listen(server);
  await ask(`${url}/blog/a`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"item":"tea"}',
  });
  await shut(server);
  faultwire.captureMessage('afterwards');
  const [event, afterwards] = await captured.events();
  assert.equal(event.transaction, '/blog/[slug]');
  assert.equal(event.request.url, `${url}/blog/a`);
  assert.match(JSON.stringify(event.request.data), /tea/);
  assert.deepEqual(event.tags, { path: '/blog/a' });
  assert.deepEqual(event.contexts.nextjs, { router_kind: 'App Router', route_type: 'render' });
  const { type, handled } = event.exception.values[0].mechanism;
  assert.deepEqual([type, handled], ['auto.http.nextjs', false]);
  assert.ok(event.sdk.integrations.includes('nextjs'));
  assert.deepEqual([afterwards.transaction, afterwards.contexts.nextjs], [undefined, undefined]);
});

test('outside of one: what Next says of it, with nothing secret in it', async () => {
  const told = {
    path: '/blog/a?page=2&token=seeded-secret',
    method: 'GET',
    headers: {
      host: 'shop.example',
      cookie: 'sid=seeded-secret',
      authorization: 'Bearer seeded-secret',
      'x-list': ['1', '2'],
    },
  };
  faultwire.captureRequestError(new Error('failed'), told, CONTEXT);
  const [event] = await captured.events();
  assert.equal(event.request.url, 'http://shop.example/blog/a');
  assert.equal(event.request.headers['X-List'], '1, 2');
  assert.equal(event.transaction, '/blog/[slug]');
  assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
});

test('redirects, 404 and the like are no errors; hostile arguments fail nowhere', async () => {
  const told = { path: '/', method: 'GET', headers: {} };
  for (const digest of [
    'NEXT_REDIRECT;replace;/a;307;',
    'NEXT_HTTP_ERROR_FALLBACK;404',
    'NEXT_NOT_FOUND',
    'DYNAMIC_SERVER_USAGE',
    'BAILOUT_TO_CLIENT_SIDE_RENDERING',
  ]) {
    faultwire.captureRequestError(Object.assign(new Error('x'), { digest }), told, CONTEXT);
  }
  assert.deepEqual(await captured.events(), []);
  faultwire.captureRequestError(Object.assign(new Error('real'), { digest: '2973360853' }), told, CONTEXT);
  for (const bad of [undefined, null, 5, {}, { headers: null }, { path: 5, headers: { a: {} } }]) {
    faultwire.captureRequestError(new Error('bad'), bad, bad);
    faultwire.captureRequestError(bad, told, CONTEXT);
  }
  assert.equal((await captured.events())[0].exception.values[0].value, 'real');
});
