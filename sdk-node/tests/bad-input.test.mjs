// Whatever is thrown: never an exception out of a capture, never an unbounded walk.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import vm from 'node:vm';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

let captured;
beforeEach(() => {
  captured = captureEvents({ stormFolding: false });
});
afterEach(() => captured.restore());

const fail = () => {
  throw new Error('trap');
};
const raised = (event) => event.exception.values.at(-1);

async function capture(thrown, context) {
  const id = faultwire.captureException(thrown, context);
  const event = (await captured.events()).at(-1);
  assert.equal(event?.event_id, id);
  return event;
}

for (const [what, thrown, type, value] of [
  ['a text', 'boom', 'string', 'boom'],
  ['undefined', undefined, 'undefined', 'null'],
  ['null', null, 'null', 'null'],
  ['a number', 42, 'number', '42'],
  ['a big integer', 10n, 'bigint', '10n'],
  ['a symbol', Symbol('s'), 'symbol', 'Symbol(s)'],
  ['a function', function boom() {}, 'Function', '[Function: boom]'],
  ['an object', { code: 5, password: 'hunter2' }, 'Object', 'Object with keys: code, password'],
  ['an object with a message', { message: 'said' }, 'Object', 'said'],
  ['a list', [1, 2], 'Array', 'Array'],
  ['an object without a prototype', Object.create(null), 'Object', 'Object'],
]) {
  test(`thrown: ${what}`, async () => {
    const event = await capture(thrown);
    assert.deepEqual([raised(event).type, raised(event).value], [type, value]);
    assert.equal(raised(event).mechanism.synthetic, true);
    assert.ok(!JSON.stringify(event).includes('hunter2'));
  });
}

test('an error of another realm is an error', async () => {
  const event = await capture(vm.runInNewContext('class Far extends TypeError {}; new Far("from afar")'));
  assert.deepEqual([raised(event).type, raised(event).value], ['Far', 'from afar']);
  assert.equal(raised(event).mechanism.synthetic, undefined);
});

test('frozen errors are known again', () => {
  const error = Object.freeze(new Error('frozen'));
  assert.equal(faultwire.captureException(error), faultwire.captureException(error));
});

test('getters and proxies that throw', async () => {
  const error = new Error('x');
  for (const name of ['stack', 'message', 'cause', 'errors', 'name', 'code']) {
    Object.defineProperty(error, name, { get: fail, enumerable: true });
  }
  await capture(error);
  const traps = { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail };
  await capture(new Proxy(new Error('x'), traps));
  await capture(new Proxy(new Error('x'), {}));
  const { proxy, revoke } = Proxy.revocable(new Error('x'), {});
  revoke();
  await capture(proxy);
  await capture(new Error('x', { cause: proxy }));
  await capture(Object.assign(new AggregateError([]), { errors: proxy }));
  assert.equal(faultwire.stats().dropped.internal_sdk_error, undefined);
});

test('getters of what hangs on an error are not called', async () => {
  let called = 0;
  const error = new Error('x');
  Object.defineProperty(error, 'lazy', { get: () => ++called, enumerable: true });
  error.nested = {
    get lazy() {
      return ++called;
    },
    toJSON: () => ++called,
    toString: () => ++called,
  };
  const event = await capture(error);
  assert.equal(called, 0);
  assert.equal(event.extra.Error.lazy, '[Getter]');
  assert.equal(event.extra.Error.nested.lazy, '[Getter]');
});

for (const stack of [undefined, null, 5, {}, Symbol('s'), ['a', 'b'], '', 'no places here', 'x'.repeat(1 << 22)]) {
  test(`a stack that is ${String(stack).slice(0, 20)} (${typeof stack})`, async () => {
    await capture(Object.assign(new Error('x'), { stack }));
  });
}

test("the application's prepareStackTrace is respected", async () => {
  const before = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (error, sites) => sites;
    const event = await capture(new Error('as call sites'));
    assert.ok(raised(event).stacktrace.frames.some((frame) => /bad-input\.test\.mjs$/.test(frame.filename)));
    Error.prepareStackTrace = () => {
      assert.equal(faultwire.captureMessage('from within'), undefined);
      return 5;
    };
    await capture(new Error('as a number'));
    Error.prepareStackTrace = fail;
    await capture(new Error('as a failure'));
  } finally {
    Error.prepareStackTrace = before;
  }
});

test('of a text that is one long word behind a blank as much is kept as of any other', async () => {
  const rows = '{"a":"b"},'.repeat(3000);
  const event = await capture(new Error(`said [${rows}`));
  assert.ok(raised(event).value.length > 8000, String(raised(event).value.length));
  assert.ok(`said [${rows}`.startsWith(raised(event).value.slice(0, -1)));
});

test('long messages, lone surrogates, huge numbers and wide, deep and cyclic values are bounded', async () => {
  const began = performance.now();
  const long = await capture(new Error('m'.repeat(10 << 20)));
  assert.ok(raised(long).value.length <= 8192 + 64);
  assert.ok(raised(long).stacktrace.frames.length > 0);
  await capture(new Error(`\ud800 ${'\udfff'.repeat(100_000)}`));
  const error = new Error('wide');
  error.self = error;
  error.list = Array.from({ length: 1e6 }, (_, n) => n);
  error.sparse = new Array(2 ** 32 - 1);
  error.huge = 1n << 4_000_000n;
  error.map = new Map(Array.from({ length: 1e5 }, (_, n) => [{}, n]));
  error.buffer = Buffer.alloc(1 << 24);
  error.nan = NaN;
  error.date = new Date(NaN);
  error.text = '\ud800'.repeat(1 << 20);
  error.deep = {};
  let inner = error.deep;
  for (let n = 0; n < 1e5; n++) {
    inner = inner.next = { inner };
  }
  const event = await capture(error);
  assert.ok(JSON.stringify(event).length < 64 << 10);
  const shown = event.extra.Error;
  assert.equal(shown.list.at(-1), '… 999968 more');
  assert.equal(shown.buffer, '[Buffer(16777216)]');
  assert.deepEqual([shown.huge, shown.nan, shown.date], ['[BigInt]', 'NaN', 'Invalid Date']);
  assert.ok(performance.now() - began < 5000);
});

test('what the application does to built-in prototypes is not asked', async () => {
  Array.prototype.toJSON = Object.prototype.toJSON = fail;
  try {
    await capture(Object.assign(new Error('x'), { list: [{ a: 1 }] }), { tags: { a: 1 }, extra: { b: [2] } });
  } finally {
    delete Array.prototype.toJSON;
    delete Object.prototype.toJSON;
  }
});

test('calls with nonsense for a context', () => {
  for (const context of [null, 5, 'x', [], { tags: 5, extra: 'x', user: 7, level: {}, fingerprint: 5, contexts: [] }]) {
    faultwire.captureException(new Error('x'), context);
    faultwire.captureMessage('x', context);
  }
  faultwire.captureException(new Error('x'), {
    get level() {
      return fail();
    },
  });
  faultwire.captureMessage();
  faultwire.captureEvent();
  faultwire.captureEvent({ toJSON: fail, exception: { values: [1, null, { stacktrace: 5 }] } });
});
