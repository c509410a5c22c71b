// What a capture makes of an error, and what it gives back.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

let captured;
beforeEach(() => {
  captured = captureEvents();
});
afterEach(() => captured.restore());

const raised = (event) => event.exception.values.at(-1);

test('an error: type, message, detail, and an id that names it', async () => {
  class PaymentError extends Error {}
  const error = Object.assign(new PaymentError('card declined'), { code: 'E_CARD', attempt: 2 });
  const id = faultwire.captureException(error, { tags: { plan: 'pro' }, level: 'warning', extra: { note: 'x' } });
  const [event] = await captured.events();
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(event.event_id, id);
  assert.equal(event.platform, 'node');
  assert.equal(event.level, 'warning');
  assert.equal(raised(event).type, 'PaymentError');
  assert.equal(raised(event).value, 'card declined');
  assert.deepEqual(event.extra, { PaymentError: { code: 'E_CARD', attempt: 2 }, note: 'x' });
  assert.deepEqual(event.tags, { plan: 'pro' });
  assert.equal(faultwire.lastEventId(), id);
  assert.equal(event.contexts.runtime.name, 'node');
});

test('frames are parsed, the innermost last', async () => {
  function inner() {
    return new Error('here');
  }
  faultwire.captureException(inner());
  const frame = raised((await captured.events())[0]).stacktrace.frames.at(-1);
  assert.equal(frame.function, 'inner');
  assert.match(frame.abs_path ?? frame.filename, /capture\.test\.mjs$/);
  assert.equal(frame.in_app, true);
});

test('the same object again is the same event', async () => {
  const error = new Error('once');
  const id = faultwire.captureException(error);
  assert.equal(faultwire.captureException(error), id);
  assert.equal((await captured.events()).length, 1);
  assert.equal(faultwire.stats().dropped.already_captured, 1);
  // Equal texts are no identity.
  assert.notEqual(faultwire.captureException('text'), faultwire.captureException('text'));
});

test('causes and members of groups', async () => {
  const group = new AggregateError([new TypeError('a'), 'no error', new RangeError('b')], 'all failed');
  faultwire.captureException(new Error('outer', { cause: group }));
  const [event] = await captured.events();
  const chain = event.exception.values.toReversed().map((e) => [e.type, e.mechanism]);
  assert.deepEqual(
    chain.map(([type, m]) => [type, m.exception_id, m.parent_id, m.source, m.is_exception_group]),
    [
      ['Error', 0, undefined, undefined, undefined],
      ['AggregateError', 1, 0, 'cause', true],
      ['TypeError', 2, 1, 'errors[0]', undefined],
      ['RangeError', 3, 1, 'errors[2]', undefined],
    ],
  );
});

test('an error that is alone has no number', async () => {
  faultwire.captureException(new Error('alone'));
  const [event] = await captured.events();
  assert.deepEqual(raised(event).mechanism, { type: 'generic', handled: true });
});

test('a cyclic cause and a long chain end', async () => {
  const a = new Error('a');
  const b = new Error('b', { cause: a });
  a.cause = b;
  faultwire.captureException(a);
  let long = new Error('0');
  for (let depth = 1; depth < 1000; depth++) {
    long = new Error(String(depth), { cause: long });
  }
  faultwire.captureException(long);
  const [cycle, chain] = await captured.events();
  assert.deepEqual(
    cycle.exception.values.map((e) => e.value),
    ['b', 'a'],
  );
  assert.ok(chain.exception.values.length <= 64);
  assert.equal(raised(chain).value, '999');
});

test('messages, with template, level and stack', async () => {
  captured.restore();
  captured = captureEvents({ attachStacktrace: true });
  faultwire.captureMessage('3 left', { template: '%d left', params: [3], level: 'warning', logger: 'shop' });
  faultwire.captureMessage('short', 'fatal');
  const [event, short] = await captured.events();
  assert.deepEqual(event.logentry, { formatted: '3 left', message: '%d left', params: [3] });
  assert.deepEqual([event.level, event.logger, short.level], ['warning', 'shop', 'fatal']);
  const frames = event.threads.values[0].stacktrace.frames;
  assert.match(frames.at(-1).abs_path ?? frames.at(-1).filename, /capture\.test\.mjs$/);
});

test('events in the form of the protocol; what is none is counted', async () => {
  const id = faultwire.captureEvent({ message: 'by hand', level: 'info', tags: { a: 1 } });
  assert.equal(faultwire.captureEvent('no event'), undefined);
  const [event] = await captured.events();
  assert.equal(event.event_id, id);
  assert.equal(event.tags.a, '1');
  assert.equal(faultwire.stats().dropped.invalid, 1);
});

test('an error that names itself is of that type', async () => {
  const controller = new AbortController();
  controller.abort();
  faultwire.captureException(controller.signal.reason);
  faultwire.captureException(Object.assign(new Error('x'), { name: 'Custom' }));
  assert.deepEqual(
    (await captured.events()).map((event) => raised(event).type),
    ['AbortError', 'Custom'],
  );
});

test('types are ignored and sampled by name, own or inherited', async () => {
  class NotFound extends Error {}
  class UserNotFound extends NotFound {}
  captured.restore();
  captured = captureEvents({ ignoreErrors: ['NotFound'], exceptionSampleRates: { AbortError: 0 } });
  assert.equal(faultwire.captureException(new UserNotFound('x')), undefined);
  assert.equal(faultwire.captureException(Object.assign(new Error('x'), { name: 'AbortError' })), undefined);
  assert.ok(faultwire.captureException(new Error('x')));
  assert.equal(faultwire.captureException(new UserNotFound('y')), undefined);
  const { captured: count, dropped } = faultwire.stats();
  assert.deepEqual([count, dropped], [4, { ignored: 2, sample_rate: 1 }]);
  // Other options hold for types that were met before.
  captured.restore();
  captured = captureEvents();
  assert.ok(faultwire.captureException(new UserNotFound('z')));
});

test('nothing of a sampled-out error is looked at but its type', () => {
  captured.restore();
  captured = captureEvents({ sampleRate: 0 });
  const looked = [];
  const error = new Error('x');
  for (const name of ['stack', 'message', 'cause', 'errors']) {
    Object.defineProperty(error, name, { get: () => looked.push(name) });
  }
  assert.equal(faultwire.captureException(error), undefined);
  assert.deepEqual(looked, []);
});

test('the sampler is asked between the policy of the type and the dice', async () => {
  captured.restore();
  const asked = [];
  captured = captureEvents({
    ignoreErrors: ['TypeError'],
    errorSampler: (hint) => {
      asked.push([hint.exceptionType, hint.level]);
      return { RangeError: 0, SyntaxError: 7 }[hint.exceptionType];
    },
  });
  assert.equal(faultwire.captureException(new TypeError('ignored')), undefined);
  assert.equal(faultwire.captureException(new RangeError('out')), undefined);
  assert.ok(faultwire.captureException(new SyntaxError('no share')));
  assert.ok(faultwire.captureMessage('m'));
  assert.deepEqual(asked, [
    ['RangeError', 'error'],
    ['SyntaxError', 'error'],
    [undefined, 'info'],
  ]);
});

test('the sampler is told what the event would say: the call, then the innermost scope that says it', async () => {
  captured.restore();
  const asked = [];
  captured = captureEvents({
    errorSampler: ({ exceptionType, level, logger, transaction }) => {
      asked.push([exceptionType, level, logger, transaction]);
      return 1;
    },
  });
  faultwire.withIsolationScope((isolation) => {
    isolation.setTransaction('GET /orders');
    isolation.setLevel('warning');
    faultwire.captureException(new RangeError('x'));
    faultwire.captureMessage('m', 'debug');
    faultwire.withScope((scope) => {
      scope.setTransaction('inner');
      faultwire.captureMessage('m', { logger: 'shop', transaction: 'call' });
      faultwire.captureMessage('m');
      faultwire.captureEvent({ level: 'fatal', logger: 'own', exception: { values: [{ type: 'A' }, { type: 'B' }] } });
    });
  });
  assert.deepEqual(asked, [
    ['RangeError', 'warning', undefined, 'GET /orders'],
    [undefined, 'debug', undefined, 'GET /orders'],
    [undefined, 'warning', 'shop', 'call'],
    [undefined, 'warning', undefined, 'inner'],
    ['B', 'fatal', 'own', 'inner'],
  ]);
  const said = (await captured.events()).map(({ level, transaction }) => [level, transaction]);
  assert.deepEqual(
    said,
    asked.map(([, level, , transaction]) => [level, transaction]),
  );
});

test('a storm at one place is folded, with an exact count; an explicit fingerprint is not', () => {
  captured.restore();
  captured = captureEvents({ stormBurst: 2 });
  const fail = (n) => new Error(`order ${n} failed`);
  const ids = Array.from({ length: 10 }, (_, n) => faultwire.captureException(fail(n)));
  assert.equal(new Set(ids).size, 2);
  assert.equal(ids.at(-1), ids[1]);
  for (let n = 0; n < 5; n++) {
    assert.ok(faultwire.captureException(fail(n), { fingerprint: ['orders'] }));
  }
  assert.equal(faultwire.stats().folded, 8);
  assert.equal(faultwire.stats().captured, 15);
  // Another type, level, or cause from the same line is another place.
  for (const [type, level, cause] of [[TypeError], [TypeError, 'fatal'], [TypeError, 'fatal', new Error('c')]]) {
    const id = faultwire.captureException(new type('x', { cause }), { level });
    assert.ok(!ids.includes(id));
  }
});

test('explain says what is hashed, and nothing is sent', async () => {
  const record = faultwire.explain(new TypeError('x'));
  assert.match(record.hash, /^[0-9a-f]{64}$/);
  assert.ok(faultwire.explain({ message: 'an event' }).hash);
  assert.deepEqual(await captured.events(), []);
});
