// Requests to a bare `http` server: what an event says of them, and who shares a scope with whom.

import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, connect, listen, shut, until } from './http-client.mjs';
import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NODE = Number(process.versions.node.split('.')[0]);

let captured;
let server;
beforeEach(() => {
  captured = captureEvents({ stormFolding: false });
});
afterEach(async () => {
  if (server?.listening) await shut(server);
  captured.restore();
  faultwire.isolationScope().clear();
  faultwire.globalScope().clear();
});

async function serve(handler, options = {}) {
  server = http.createServer(options, handler);
  return listen(server);
}

const fail = (message = 'failed') => faultwire.captureException(new Error(message));

test('an event says which request it was, with nothing secret in it', async () => {
  const url = await serve(async (request, response) => {
    for await (const _ of request);
    await tick();
    fail();
    response.end('ok');
  });
  await ask(`${url}/caf%C3%A9/7?page=2&token=seeded-secret`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-request-id': 'r-1',
      authorization: 'Bearer seeded-secret',
      cookie: 'theme=dark; session=seeded-secret',
      'x-forwarded-host': 'elsewhere.example',
      traceparent: TRACE,
    },
    body: JSON.stringify({ item: 'tea', password: 'seeded-secret' }),
  });
  const [event] = await captured.events();
  const { request } = event;
  assert.equal(request.url, `${url}/caf%C3%A9/7`);
  assert.equal(request.method, 'POST');
  assert.match(JSON.stringify(request.query_string), /page.*2/);
  assert.equal(request.headers['X-Request-Id'], 'r-1');
  assert.equal(request.headers.Cookie, undefined);
  assert.match(JSON.stringify(request.cookies), /Filtered/);
  assert.match(JSON.stringify(request.data), /tea/);
  assert.ok('REMOTE_ADDR' in request.env);
  assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
  const { trace } = event.contexts;
  assert.equal(trace.trace_id, TRACE.slice(3, 35));
  assert.equal(trace.parent_span_id, TRACE.slice(36, 52));
  assert.match(trace.span_id, /^[0-9a-f]{16}$/);
});

test('user and password in a target that is a whole URL are filtered', async () => {
  const url = await serve((request, response) => {
    fail();
    response.end();
  });
  const { say, heard, socket } = connect(url);
  say('GET http://joe:seeded-secret@shop.example/a?b=c HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  await heard(/200 OK/);
  socket.destroy();
  const [event] = await captured.events();
  assert.match(event.request.url, /^http:\/\/.*shop\.example\/a$/);
  assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
});

for (const [header, value] of [
  ['sentry-trace', '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1'],
  ['traceparent', TRACE.toUpperCase()],
]) {
  test(`a trace is continued from ${header}, the same for all events of the request`, async () => {
    const url = await serve((request, response) => {
      fail();
      fail();
      response.end();
    });
    await ask(url, { headers: { [header]: value } });
    const [first, second] = (await captured.events()).map((event) => event.contexts.trace);
    assert.equal(first.trace_id, '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.deepEqual(second, first);
  });
}

for (const bad of [
  'nonsense',
  `ff${TRACE.slice(2)}`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `${TRACE.slice(0, 50)}`,
]) {
  test(`no trace is continued from ${bad}`, async () => {
    const url = await serve((request, response) => {
      fail();
      response.end();
    });
    await ask(url, { headers: { traceparent: bad } });
    const [event] = await captured.events();
    assert.notEqual(event.contexts.trace?.parent_span_id, '00f067aa0ba902b7');
  });
}

test('what the application says goes before what the request says', async () => {
  const url = await serve((request, response) => {
    faultwire.continueTrace('11111111111111111111111111111111-2222222222222222-1');
    faultwire.setTransaction('mine');
    fail();
    response.end();
  });
  await ask(url, { headers: { traceparent: TRACE } });
  const [event] = await captured.events();
  assert.equal(event.contexts.trace.trace_id, '1'.repeat(32));
  assert.equal(event.transaction, 'mine');
});

test('requests on one connection share nothing, nor with what is outside', async () => {
  faultwire.setTag('outside', 'yes');
  faultwire.addBreadcrumb({ message: 'before any request' });
  const url = await serve(async (request, response) => {
    faultwire.setTag(request.url.slice(1), 'yes');
    faultwire.addBreadcrumb({ message: request.url });
    await tick();
    fail(request.url);
    response.end(request.url);
  });
  server.on('connection', (socket) => socket.on('close', () => fail('connection')));
  const { say, heard, socket } = connect(url);
  for (const path of ['a', 'b']) {
    say(`GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await heard(new RegExp(`/${path}$`));
  }
  // Two at once.
  say('GET /c HTTP/1.1\r\nHost: x\r\n\r\nGET /d HTTP/1.1\r\nHost: x\r\n\r\n');
  await heard(/\/d$/);
  socket.destroy();
  fail('listener');
  const events = await until(async () => {
    const all = await captured.events();
    return all.length === 6 && all;
  });
  for (const event of events) {
    const name = event.exception.values[0].value;
    const own = name.startsWith('/') ? { [name.slice(1)]: 'yes' } : {};
    assert.deepEqual(event.tags, { outside: 'yes', ...own }, name);
    const crumbs = (event.breadcrumbs?.values ?? []).map((crumb) => crumb.message);
    assert.deepEqual(crumbs, name.startsWith('/') ? [name] : ['before any request'], name);
    assert.equal(event.request?.url, name.startsWith('/') ? `http://x${name}` : undefined);
  }
});

test('what a connection reports between requests is not the business of the last one', async () => {
  const url = await serve((request, response) => {
    faultwire.setTag('request', request.url);
    response.end(request.url);
  });
  const seen = [];
  server.on('clientError', (_error, socket) => {
    fail('clientError');
    socket.destroy();
    seen.push('clientError');
  });
  const { say, heard } = connect(url);
  say('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  await heard(/\/a$/);
  say('nonsense\r\n\r\n');
  await until(() => seen.length === 1);
  const [event] = await captured.events();
  assert.deepEqual([event.tags, event.request], [undefined, undefined]);
});

test('an upgraded connection has a scope of its own, from the request on, for as long as it lasts', async () => {
  const url = await serve((request, response) => {
    faultwire.setTag('request', request.url);
    response.end(request.url);
  });
  server.on('upgrade', (request, socket) => {
    faultwire.setTag('room', request.url);
    fail('upgrade');
    socket.on('data', (bytes) => {
      faultwire.addBreadcrumb({ message: String(bytes) });
      setImmediate(() => {
        fail('message');
        socket.write('heard');
      });
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => fail('close'));
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n');
  });
  const rooms = [];
  for (const room of ['/b', '/c']) {
    const { say, heard, socket } = connect(url);
    say('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await heard(/\/a$/);
    say(`GET ${room} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`);
    await heard(/101 Switching/);
    rooms.push({ say, heard, socket, room });
  }
  for (const { say, heard, socket, room } of rooms) {
    say(`hello ${room}`);
    await heard(/heard$/);
    socket.destroy();
  }
  fail('outside');
  const events = await until(async () => {
    const all = await captured.events();
    return all.length === 7 && all;
  });
  const told = events.map(({ exception, tags, request, breadcrumbs }) => [
    exception.values[0].value,
    tags?.room,
    request?.url.replace('http://x', ''),
    request?.data,
    (breadcrumbs?.values ?? []).map(({ message }) => message).join(),
  ]);
  const of = (room) => [
    ['upgrade', room, room, undefined, ''],
    ['message', room, room, undefined, `hello ${room}`],
    ['close', room, room, undefined, `hello ${room}`],
  ];
  const expected = [...of('/b'), ...of('/c'), ['outside', undefined, undefined, undefined, '']];
  assert.deepEqual(told.sort(), expected.sort());
  assert.ok(events.every(({ tags }) => tags?.request === undefined));
});

test('listeners of a body that arrives bit by bit are in the scope of the request', async () => {
  const seen = [];
  const storage = new AsyncLocalStorage();
  const url = await serve((request, response) => {
    storage.run(request.url, () => {
      faultwire.setTag('path', request.url);
      const inside = (where) => {
        seen.push(where);
        fail(where);
      };
      request.on('data', () => inside('data'));
      request.on('end', () => {
        inside('end');
        setTimeout(() => {
          inside('timer');
          response.end('done');
        }, 1);
      });
      response.on('finish', () => inside('finish'));
    });
  });
  const { say, heard, socket } = connect(url);
  say('POST /p HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n');
  await sleep(20);
  say('some');
  await until(() => seen.length === 1);
  say('body');
  await heard(/done/);
  socket.destroy();
  const events = await captured.events();
  assert.deepEqual(seen, ['data', 'data', 'end', 'timer', 'finish']);
  assert.deepEqual(
    events.map((event) => event.tags?.path),
    Array(5).fill('/p'),
  );
  assert.deepEqual(
    events.map((event) => event.request.data),
    ['some', ...Array(4).fill('somebody')],
  );
});

test('a body is what the application read, within the limit', async () => {
  const url = await serve(async (request, response) => {
    if (request.url !== '/unread') for await (const _ of request);
    fail();
    response.end();
  });
  const post = (type, body, path = '/', headers = {}) =>
    ask(url + path, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  await post('text/plain', 'x'.repeat(100), '/unread');
  await post('application/octet-stream', 'bytes');
  await post('application/json', 'zipped', '/', { 'content-encoding': 'gzip' });
  await post('text/plain', 'y '.repeat(100_000));
  await post('application/x-www-form-urlencoded', 'city=Berlin&password=seeded-secret');
  const form = new FormData();
  form.append('city', 'Köln');
  form.append('password', 'seeded-secret');
  form.append('photo', new Blob(['1234']), 'a.png');
  form.append('tag', '1');
  form.append('tag', '2');
  await ask(url, { method: 'POST', body: form });
  const events = await captured.events();
  const bodies = events.map((event) => event.request.data);
  assert.deepEqual(bodies.slice(0, 3), [undefined, undefined, undefined]);
  assert.ok(bodies[3].length > 5000 && bodies[3].length <= 10 * 1024 + 4096, String(bodies[3].length));
  assert.match(JSON.stringify(bodies[4]), /Berlin/);
  assert.deepEqual(bodies[5], { city: 'Köln', password: '[Filtered]', photo: '<file of 4 bytes>', tag: ['1', '2'] });
  assert.doesNotMatch(JSON.stringify(events), /seeded-secret/);
});

test('no body with maxRequestBodySize never', async () => {
  captured.restore();
  captured = captureEvents({ maxRequestBodySize: 'never' });
  const url = await serve(async (request, response) => {
    request.body = { parsed: 'by somebody' };
    for await (const _ of request);
    fail();
    response.end();
  });
  await ask(url, { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain' } });
  const [event] = await captured.events();
  assert.equal(event.request.data, undefined);
});

test('a body that a framework parsed is shown where its bytes were not seen', async () => {
  const url = await serve((request, response) => {
    request.body = {
      item: 'tea',
      card: '4111 1111 1111 1111',
      get lazy() {
        throw new Error('asked');
      },
      a: { b: { c: { d: {} } } },
      list: 'z'.repeat(50_000),
    };
    request.user = { id: 7, name: 'Joe' };
    fail();
    response.end();
  });
  await ask(url);
  const [event] = await captured.events();
  assert.equal(event.request.data.item, 'tea');
  assert.deepEqual(event.request.data.a, { b: { c: { d: '[Object]' } } });
  assert.doesNotMatch(JSON.stringify(event), /4111 1111/);
  assert.ok(JSON.stringify(event.request.data).length < 20_000);
  assert.equal(event.user.id, '7');
});

test('requests that nobody finishes: aborted while the body arrives', async () => {
  const seen = [];
  const url = await serve(async (request, response) => {
    faultwire.setTag('path', request.url);
    try {
      for await (const _ of request) seen.push('data');
    } catch (error) {
      faultwire.captureException(error);
      seen.push('error');
      response.end();
    }
  });
  const { say, socket } = connect(url);
  say('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nab');
  await until(() => seen.length === 1);
  socket.destroy();
  await until(() => seen.length === 2);
  const [event] = await captured.events();
  assert.equal(event.tags.path, '/p');
  assert.equal(event.exception.values.at(-1).value, 'aborted');
});

test('https servers are covered', async () => {
  const psk = { psk: Buffer.from('ab'.repeat(16), 'hex'), identity: 'client' };
  const options = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };
  server = https.createServer({ ...options, pskCallback: () => psk.psk }, (request, response) => {
    fail();
    response.end();
  });
  const { port } = new URL(await listen(server));
  await new Promise((resolve, reject) => {
    const more = { ...options, pskCallback: () => psk, checkServerIdentity: () => undefined };
    https
      .get({ host: '127.0.0.1', port, path: '/s?x=1', ...more }, (r) => r.resume().on('end', resolve))
      .on('error', reject);
  });
  const [event] = await captured.events();
  assert.equal(event.request.url, `https://127.0.0.1:${port}/s`);
});

test('HTTP/2 is covered where Node tells of it', { skip: NODE < 22 && 'no channel before Node 22' }, async () => {
  server = http2.createServer(async (request, response) => {
    faultwire.setTag('path', request.url);
    await tick();
    for await (const _ of request);
    fail();
    response.end();
  });
  const url = await listen(server);
  const client = http2.connect(url);
  const one = (path) =>
    new Promise((resolve, reject) => {
      const headers = { ':path': path, ':method': 'POST', 'content-type': 'text/plain' };
      const stream = client.request(headers).on('error', reject).on('close', resolve);
      stream.resume();
      setTimeout(() => stream.end('body'), 5);
    });
  await Promise.all([one('/a?q=1'), one('/b')]);
  client.close();
  const events = await captured.events();
  assert.deepEqual(events.map((event) => event.tags.path).sort(), ['/a?q=1', '/b']);
  for (const { request, tags } of events) {
    assert.equal(request.url, url + tags.path.replace('?q=1', ''));
    assert.equal(request.method, 'POST');
    assert.equal(request.data, 'body');
    assert.ok(!Object.keys(request.headers).some((name) => name.startsWith(':')));
  }
});

test('switched off, nothing of requests is known', async () => {
  captured.restore();
  captured = captureEvents({ disabledIntegrations: ['http'] });
  const url = await serve((request, response) => {
    fail();
    response.end();
  });
  await ask(url);
  const [event] = await captured.events();
  assert.equal(event.request, undefined);
});

test('without a client a request costs nothing and fails nowhere', async () => {
  captured.restore();
  const url = await serve((request, response) => response.end('ok'));
  assert.equal((await ask(url)).text, 'ok');
  captured = captureEvents();
});

test('hostile requests: what a report is made of may be anything', async () => {
  const url = await serve((request, response) => {
    Object.defineProperty(request, 'user', {
      get: () => {
        throw new Error('user');
      },
    });
    Object.defineProperty(request, 'body', {
      get: () => {
        throw new Error('body');
      },
    });
    request.route = new Proxy(
      {},
      {
        get() {
          throw new Error('route');
        },
        getOwnPropertyDescriptor() {
          throw new Error('route');
        },
      },
    );
    assert.ok(fail());
    response.end('ok');
  });
  assert.equal((await ask(url)).text, 'ok');
  assert.equal((await captured.events()).length, 1);
});

// With a real sink.

let sink;
before(async () => {
  sink = await Sink.start();
});
after(() => sink.close());

test('1,000 interleaved requests under load, each with its own tag and user', async () => {
  const { stdout, stderr, code } = await run(
    `const http = require('node:http');
    fw.init({ stormFolding: false, maxQueueEvents: 10_000 });
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const server = http.createServer(async (request, response) => {
      const id = request.url.slice(1);
      fw.setTag('id', id);
      fw.setUser({ id });
      fw.addBreadcrumb({ message: id });
      let text = '';
      await sleep(Math.random() * 5);
      for await (const chunk of request) text += chunk;
      await sleep(Math.random() * 5);
      fw.captureException(new Error('failed ' + text));
      response.end(text);
    });
    server.listen(0, '127.0.0.1', async () => {
      const { port } = server.address();
      const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
      const one = (id) => new Promise((resolve, reject) => {
        const request = http.request({ port, host: '127.0.0.1', path: '/' + id, method: 'POST', agent, headers: { 'content-type': 'text/plain' } }, (response) => response.resume().on('end', resolve));
        request.on('error', reject).write('body-');
        setTimeout(() => request.end(String(id)), Math.random() * 5);
      });
      await Promise.all(Array.from({ length: 1000 }, (_, id) => one(id)));
      agent.destroy();
      server.close();
      console.log(await fw.flush(20_000), fw.lastEventId());
    });`,
    sink,
  );
  assert.deepEqual([code, stdout, stderr], [0, 'true undefined\n', '']);
  const events = await sink.wait(1000);
  assert.equal(new Set(events.map((event) => event.tags.id)).size, 1000);
  for (const { tags, user, request, breadcrumbs, exception } of events) {
    assert.equal(user.id, tags.id);
    assert.equal(new URL(request.url).pathname, `/${tags.id}`);
    assert.equal(request.data, `body-${tags.id}`);
    assert.equal(exception.values[0].value, `failed body-${tags.id}`);
    assert.deepEqual(
      breadcrumbs.values.map((crumb) => crumb.message),
      [tags.id],
    );
  }
  await sink.reset();
});

for (const [what, source] of [
  ['CommonJS, http first', `const http = require('node:http'); const fw = require(PACKAGE); STORY`],
  ['CommonJS, faultwire first', `const fw = require(PACKAGE); const http = require('node:http'); STORY`],
  [
    'ESM, http first',
    `import('node:http').then(async ({ default: http }) => { const fw = await import(MODULE); STORY });`,
  ],
  [
    'ESM, faultwire first',
    `import(MODULE).then(async (fw) => { const { default: http } = await import('node:http'); STORY });`,
  ],
  ['a server that is there before init', `const fw = require(PACKAGE); const http = require('node:http'); LATE`],
]) {
  test(`import order: ${what}; an error that nobody caught says which request`, async () => {
    const init = 'fw.init();';
    const serve = `http.createServer((request, response) => {
      fw.setTag('path', request.url);
      setTimeout(() => { throw new TypeError('nobody caught this'); }, 1);
    }).listen(0, '127.0.0.1', function () { fetch('http://127.0.0.1:' + this.address().port + '/x').catch(() => {}); });`;
    const text = source
      .replace('STORY', init + serve)
      .replace('LATE', serve + init)
      .replace('PACKAGE', JSON.stringify(PACKAGE))
      .replace('MODULE', JSON.stringify(`${PACKAGE}/dist/index.mjs`));
    const { code } = await run(text, { ...sink, prelude: false });
    assert.equal(code, 1);
    const [event] = await sink.wait(1);
    assert.equal(event.tags.path, '/x');
    assert.equal(new URL(event.request.url).pathname, '/x');
    await sink.reset();
  });
}
