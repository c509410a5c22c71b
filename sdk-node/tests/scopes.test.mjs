// Who sees what the application says.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

let captured;
beforeEach(() => {
  captured = captureEvents();
});
afterEach(() => {
  captured.restore();
  faultwire.globalScope().clear();
  faultwire.isolationScope().clear();
});

test('layers: global, isolation, current, call', async () => {
  faultwire.globalScope().setTags({ a: 'global', b: 'global', c: 'global', d: 'global' });
  faultwire.withIsolationScope(() => {
    faultwire.setTags({ b: 'isolation', c: 'isolation', d: 'isolation' });
    faultwire.withScope((scope) => {
      scope.setTags({ c: 'current', d: 'current' });
      faultwire.captureMessage('inner', { tags: { d: 'call' } });
    });
    faultwire.captureMessage('between');
  });
  faultwire.captureMessage('outer');
  const tags = (await captured.events()).map((event) => event.tags);
  assert.deepEqual(tags, [
    { a: 'global', b: 'isolation', c: 'current', d: 'call' },
    { a: 'global', b: 'isolation', c: 'isolation', d: 'isolation' },
    { a: 'global', b: 'global', c: 'global', d: 'global' },
  ]);
});

test('1,000 interleaved requests never share a scope', async () => {
  captured.restore();
  captured = captureEvents({ stormFolding: false });
  const request = (n) =>
    faultwire.withIsolationScope(async () => {
      faultwire.setTag('request', n);
      faultwire.setUser({ id: `user-${n}` });
      await tick();
      faultwire.addBreadcrumb({ message: `step ${n}` });
      await tick();
      assert.ok(faultwire.captureException(new Error('failed')));
    });
  await Promise.all(Array.from({ length: 1000 }, (_, n) => request(n)));
  const events = await captured.events();
  assert.equal(events.length, 1000);
  for (const { tags, user, breadcrumbs } of events) {
    assert.equal(user.id, `user-${tags.request}`);
    assert.deepEqual(
      breadcrumbs.values.map((c) => c.message),
      [`step ${tags.request}`],
    );
  }
  assert.equal(new Set(events.map((event) => event.tags.request)).size, 1000);
});

test('setters of everything', async () => {
  faultwire.withIsolationScope((scope) => {
    scope.setUser({ id: 7, email: 'a@example.com' });
    scope.setSession('s-1');
    scope.setContext('order', { id: 5, nested: { deep: [1, 2] } });
    scope.setExtra('list', [1n, Symbol('s'), () => 1, new Date(0), new Map([['k', 'v']]), undefined]);
    scope.setLevel('fatal');
    scope.setTransaction('GET /orders/:id');
    scope.setFingerprint(['{{ default }}', 'orders']);
    assert.equal(scope.continueTrace('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), true);
    assert.equal(scope.continueTrace('nonsense'), false);
    scope.setTag('gone', 1);
    scope.removeTag('gone');
    faultwire.captureMessage('x');
    scope.clear();
    faultwire.captureMessage('y');
  });
  const [event, cleared] = await captured.events();
  assert.deepEqual(event.user, { id: '7', email: '[Filtered]' });
  assert.equal(event.contexts.faultwire.session, 's-1');
  assert.deepEqual(event.contexts.order, { id: 5, nested: { deep: [1, 2] } });
  assert.deepEqual(event.extra.list.slice(0, 2), ['1n', 'Symbol(s)']);
  assert.deepEqual(event.extra.list.slice(3), ['1970-01-01T00:00:00.000Z', { k: 'v' }, null]);
  assert.equal(event.level, 'fatal');
  assert.equal(event.transaction, 'GET /orders/:id');
  assert.deepEqual(event.fingerprint, ['{{ default }}', 'orders']);
  assert.equal(event.contexts.trace.trace_id, '4bf92f3577b34da6a3ce929d0e0e4736');
  assert.equal(event.tags, undefined);
  assert.deepEqual([cleared.user, cleared.transaction], [undefined, undefined]);
});

test('withScope gives what its callback gives, and passes on what it throws', async () => {
  assert.equal(
    faultwire.withScope(() => 5),
    5,
  );
  assert.equal(await faultwire.withIsolationScope(async () => 6), 6);
  assert.throws(
    () =>
      faultwire.withScope(() => {
        throw new RangeError('x');
      }),
    RangeError,
  );
});

test('setters never throw, whatever they are given', () => {
  const bad = [
    null,
    undefined,
    5,
    'text',
    Symbol('s'),
    1n,
    () => {},
    new Proxy({}, {}),
    revoked(),
    throwing(),
    [1],
    NaN,
  ];
  const scope = faultwire.globalScope();
  for (const value of bad) {
    scope.setTag(value, value);
    scope.setTags(value);
    scope.removeTag(value);
    scope.setUser(value);
    scope.setSession(value);
    scope.setContext(value, value);
    scope.setExtra(value, value);
    scope.setLevel(value);
    scope.setTransaction(value);
    scope.setFingerprint(value);
    scope.continueTrace(value);
    scope.addBreadcrumb(value);
    scope.addBreadcrumb({ message: value, data: value, level: value, type: value, category: value, timestamp: value });
  }
  assert.ok(faultwire.captureMessage('still there'));
});

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function throwing() {
  return new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail, has: fail });
}

function fail() {
  throw new Error('trap');
}
