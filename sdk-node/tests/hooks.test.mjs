// Code of the application that Faultwire calls.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

let captured;
afterEach(() => captured.restore());

test('beforeSend changes an event, and sees it sanitized and with its scopes', async () => {
  let seen;
  captured = captureEvents({
    beforeSend: (event, hint) => {
      seen = { event: structuredClone(event), hint };
      return { ...event, tags: { ...event.tags, added: 'yes' }, extra: { password: 'hunter2' } };
    },
  });
  const error = new Error('token=ghp_0123456789abcdefghijklmnopqrstuvwxyz');
  const id = faultwire.withScope((scope) => {
    scope.setTag('inner', 1);
    return faultwire.captureException(error);
  });
  const [event] = await captured.events();
  assert.equal(event.event_id, id);
  assert.deepEqual(event.tags, { inner: '1', added: 'yes' });
  assert.equal(seen.hint.originalException, error);
  assert.equal(seen.event.tags.inner, '1');
  assert.ok(!JSON.stringify(seen.event).includes('ghp_'));
  // What a hook adds is sanitized, too.
  assert.equal(event.extra.password, '[Filtered]');
});

for (const [what, hook] of [
  ['null', () => null],
  [
    'a throw',
    () => {
      throw new Error('in the hook');
    },
  ],
  ['a promise', async (event) => event],
  [
    'a rejected promise',
    async () => {
      throw new Error('in the hook');
    },
  ],
  ['nothing', () => undefined],
  ['a text', () => 'event'],
]) {
  test(`beforeSend that gives ${what} drops the event`, async () => {
    captured = captureEvents({ beforeSend: hook });
    assert.equal(faultwire.captureException(new Error('x')), undefined);
    assert.equal(faultwire.captureMessage('x'), undefined);
    assert.equal(faultwire.captureEvent({ message: 'x' }), undefined);
    assert.deepEqual(await captured.events(), []);
    assert.equal(faultwire.stats().dropped.before_send, 3);
    assert.equal(faultwire.stats().pending, 0);
  });
}

test('what a hook captures is refused', async () => {
  captured = captureEvents({
    beforeSend: (event) => {
      assert.equal(faultwire.captureMessage('from the hook'), undefined);
      return event;
    },
    beforeBreadcrumb: (crumb) => {
      faultwire.captureMessage('from the other hook');
      return crumb;
    },
  });
  faultwire.addBreadcrumb({ message: 'x' });
  faultwire.captureMessage('outside');
  assert.equal((await captured.events()).length, 1);
  assert.equal(faultwire.stats().dropped.reentrant, 2);
});

test('beforeBreadcrumb changes or drops', async () => {
  captured = captureEvents({
    beforeBreadcrumb: (crumb) => {
      if (crumb.message === 'throw') throw new Error('in the hook');
      return crumb.message === 'drop' ? null : { ...crumb, message: crumb.message?.toUpperCase() };
    },
  });
  faultwire.withIsolationScope(() => {
    for (const message of ['keep', 'drop', 'throw']) {
      faultwire.addBreadcrumb({ message, category: 'test', data: { n: 1 } });
    }
    faultwire.captureMessage('x');
  });
  const [event] = await captured.events();
  assert.deepEqual(
    event.breadcrumbs.values.map((c) => [c.message, c.category, c.data]),
    [['KEEP', 'test', { n: 1 }]],
  );
});

test('a sampler that throws leaves the rate to the options', () => {
  captured = captureEvents({
    errorSampler: () => {
      throw new Error('in the sampler');
    },
  });
  assert.ok(faultwire.captureException(new Error('x')));
});
