// Errors that are made to break whoever looks at them: no exception out of a capture, no unbounded walk, no code of
// theirs run where it need not be, and the event says what could be read. Each case captures once, so a guard that goes
// missing shows as a lost event (`internal_sdk_error`), as an exception, or as time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import vm from 'node:vm';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

let captured;
beforeEach(() => {
  captured = captureEvents({ stormFolding: false });
});
afterEach(() => {
  const { dropped } = faultwire.stats();
  captured.restore();
  assert.deepEqual(dropped, {});
});

const fail = () => {
  throw new Error('trap');
};
const raised = (event) => event.exception.values.at(-1);

async function capture(thrown, context) {
  const id = faultwire.captureException(thrown, context);
  assert.match(String(id), /^[0-9a-f]{32}$/);
  const event = (await captured.events()).at(-1);
  assert.equal(event?.event_id, id);
  return event;
}

/** An error with a getter that throws in place of one property. */
const without = (key, error = new RangeError('said')) =>
  Object.defineProperty(error, key, { get: fail, enumerable: true });

for (const key of [
  'stack',
  'message',
  'cause',
  'errors',
  'name',
  'constructor',
  'toString',
  'toJSON',
  'code',
  Symbol.toStringTag,
  Symbol.toPrimitive,
]) {
  test(`a getter that throws: ${String(key)}`, async () => {
    const event = await capture(without(key));
    assert.equal(raised(event).type, 'RangeError');
    if (key !== 'message') {
      assert.equal(raised(event).value, 'said');
    }
    // V8 writes the text of a stack when it is first asked for, and asks for these two.
    const unreadable = ['stack', 'name', 'message'].includes(key);
    assert.equal((raised(event).stacktrace?.frames.length ?? 0) > 0, !unreadable);
  });

  test(`a getter of the class that throws: ${String(key)}`, async () => {
    class Hostile extends Error {}
    Object.defineProperty(Hostile.prototype, key, { get: fail });
    const event = await capture(new Hostile('said'));
    assert.equal(raised(event).type, key === 'constructor' ? 'Error' : 'Hostile');
  });

  test(`a cause with a getter that throws: ${String(key)}`, async () => {
    const event = await capture(new Error('outer', { cause: without(key) }));
    assert.deepEqual(
      event.exception.values.map((value) => value.type),
      ['RangeError', 'Error'],
    );
  });

  test(`a member of a group with a getter that throws: ${String(key)}`, async () => {
    const event = await capture(new AggregateError([without(key), new TypeError('sound')], 'group'));
    assert.deepEqual(event.exception.values.map((value) => value.type).sort(), [
      'AggregateError',
      'RangeError',
      'TypeError',
    ]);
  });
}

for (const trap of ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set', 'defineProperty']) {
  test(`a proxy whose ${trap} throws: thrown, as a cause, in a group, as a prototype, beside`, async () => {
    const make = () => new Proxy(new RangeError('behind'), { [trap]: fail });
    await capture(make());
    await capture(new Error('outer', { cause: make() }));
    await capture(new AggregateError([make()], 'group'));
    await capture(Object.setPrototypeOf(new Error('over a proxy'), make()));
    await capture(Object.assign(new Error('x'), { beside: make(), list: [make()], map: new Map([[make(), make()]]) }));
    await capture(new Error('x'), { extra: { beside: make() }, tags: { beside: make() }, user: { id: make() } });
  });
}

test('what hangs on a proxy is not asked for', async () => {
  const asked = [];
  const ownKeys = () => asked.push('ownKeys');
  await capture(new Proxy(new Error('x'), { ownKeys }));
  await capture(Object.assign(new Error('x'), { beside: new Proxy({}, { ownKeys, get: ownKeys }) }));
  assert.deepEqual(asked, []);
});

test('revoked proxies, wherever they stand', async () => {
  const make = (target = new Error('x')) => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  await capture(make());
  await capture(make(() => {}));
  await capture(make([]));
  await capture(new Error('x', { cause: make() }));
  await capture(new AggregateError([make()], 'group'));
  await capture(
    Object.assign(new Error('x'), { errors: make([]), stack: make([]), message: make({}), name: make({}) }),
  );
  await capture(Object.assign(new Error('x'), { beside: make({}), list: [make([])] }));
  await capture(Object.setPrototypeOf(new Error('x'), make({})));
  await capture(new Error('x'), {
    extra: make({}),
    tags: make({}),
    contexts: make({}),
    user: make({}),
    fingerprint: make([]),
  });
  await capture(new Error('x'), make({}));
});

test('nonsense for a context costs what it says, not the event', async () => {
  const getter = (key) => Object.defineProperty({ logger: 'kept' }, key, { get: fail, enumerable: true });
  for (const context of [
    null,
    5,
    'x',
    [],
    () => {},
    { tags: 5, extra: 'x', user: 7, level: {}, fingerprint: 5, contexts: [] },
  ]) {
    await capture(new Error('x'), context);
    assert.ok(faultwire.captureMessage('x', context));
  }
  for (const key of [
    'level',
    'tags',
    'extra',
    'contexts',
    'user',
    'fingerprint',
    'transaction',
    'handled',
    'mechanism',
  ]) {
    assert.equal((await capture(new Error('x'), getter(key))).logger, 'kept');
    assert.ok(faultwire.captureMessage('x', getter(key)));
  }
  const tags = {
    get first() {
      return fail();
    },
    second: 'kept',
  };
  assert.equal((await capture(new Error('x'), { tags })).tags.second, 'kept');
});

test('causes in a circle, of one, two and three', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => new Error(text));
  a.cause = a;
  assert.equal((await capture(a)).exception.values.length, 1);
  const d = new Error('d', { cause: b });
  b.cause = c;
  c.cause = d;
  assert.deepEqual(
    (await capture(d)).exception.values.map((value) => value.value),
    ['c', 'b', 'd'],
  );
  const group = new AggregateError([], 'group');
  group.errors.push(group, new Error('member', { cause: group }));
  assert.deepEqual(
    (await capture(group)).exception.values.map((value) => value.value),
    ['member', 'group'],
  );
});

test('causes and groups without an end', async () => {
  class Endless extends Error {
    get cause() {
      return new Endless('next');
    }
  }
  const bounded = (event) => event.exception.values.length > 32 && event.exception.values.length <= 64;
  assert.ok(bounded(await capture(new Endless('first'))));
  class Bush extends Error {
    get errors() {
      return [new Bush('left'), new Bush('right')];
    }
  }
  assert.ok(bounded(await capture(new Bush('root'))));
  const wide = new AggregateError(
    Array.from({ length: 100_000 }, (_, n) => new Error(`member ${n}`)),
    'wide',
  );
  assert.ok(bounded(await capture(wide)));
  const list = [];
  Object.defineProperty(list, 0, { get: fail });
  list.length = 2 ** 32 - 1;
  await capture(Object.assign(new Error('x'), { errors: list }));
  await capture(Object.assign(new Error('x'), { errors: new Array(2 ** 32 - 1) }));
});

test('a message of 10 MB, in each place', async () => {
  const long = 'm'.repeat(10 << 20);
  const began = performance.now();
  for (const error of [
    new Error(long),
    new Error('x', { cause: new Error(long) }),
    new AggregateError([new Error(long)], long),
    Object.assign(new Error('x'), { name: long, code: long, [long.slice(0, 1 << 20)]: long }),
    { message: long },
    long,
    Symbol(long),
  ]) {
    const event = await capture(error);
    assert.ok(JSON.stringify(event).length < 256 << 10);
  }
  assert.ok(
    faultwire.captureMessage(long, {
      template: long,
      params: [long],
      tags: { [long]: long },
      logger: long,
      transaction: long,
    }),
  );
  // Searching it for the places of the stack is linear, even where it is full of what looks like them.
  await capture(new Error('\n    at f (x.js:1:1)'.repeat(500_000)));
  assert.ok(performance.now() - began < 20_000);
});

test('a stack longer than what is kept for one, in letters of all widths', async () => {
  const places = Array.from({ length: 3000 }, (_, n) => `    at fn${n}é (/srv/app/店/file${n}.js:${n + 1}:7)`);
  for (const said of ['plain', 'é', '店', '😀', '\ud800 alone']) {
    const error = new Error(said);
    error.stack = [`Error: ${said}`, ...places].join('\n');
    const { value, stacktrace } = raised(await capture(error));
    assert.equal(value, said.toWellFormed());
    assert.deepEqual([stacktrace.frames.at(-1).function, stacktrace.frames[0].function], ['fn0é', 'fn2999é']);
    assert.equal(stacktrace.frames.at(-1).abs_path, '/srv/app/店/file0.js');
    // The next one is not disturbed by what the long one left.
    assert.equal(raised(await capture(new Error('short'))).value, 'short');
  }
});

test('errors of another realm: chains, groups, and what is no error there', async () => {
  const far = vm.createContext({});
  const run = (source) => vm.runInContext(source, far);
  const chain = await capture(run("new RangeError('outer', { cause: new TypeError('inner') })"));
  assert.deepEqual(
    chain.exception.values.map((value) => value.type),
    ['TypeError', 'RangeError'],
  );
  const group = await capture(run("new AggregateError([new TypeError('a')], 'group')"));
  assert.deepEqual(
    group.exception.values.map((value) => value.type),
    ['TypeError', 'AggregateError'],
  );
  assert.equal(
    raised(await capture(run("Object.freeze(Object.assign(new Error('x'), { code: 5n, when: new Date(0) }))"))).type,
    'Error',
  );
  assert.equal(raised(await capture(run('({ message: "plain" })'))).mechanism.synthetic, true);
  assert.equal(raised(await capture(run('Object.create(null)'))).mechanism.synthetic, true);
  assert.equal(raised(await capture(run("Symbol('far')"))).type, 'symbol');
  await capture(run("new Proxy(new Error('x'), { get() { throw 1 }, getPrototypeOf() { throw 1 } })"));
});

test('big integers, symbols and other values that JSON has no word for', async () => {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const error = Object.assign(new Error('x'), {
    big: 2n ** 64n,
    symbol: Symbol('s'),
    [Symbol('key')]: 1,
    minusZero: -0,
    infinite: -Infinity,
    detached,
    weak: new WeakRef({}),
    promise: Promise.reject(fail).catch(() => {}),
    generator: (function* () {})(),
    boxed: Object(1n),
    date: new Date(NaN),
    arguments: (function () {
      return arguments;
    })(1),
  });
  const shown = (await capture(error)).extra.Error;
  assert.deepEqual(
    [shown.big, shown.symbol, shown.infinite, shown.date],
    ['18446744073709551616n', 'Symbol(s)', '-Infinity', 'Invalid Date'],
  );
});

test('errors that cannot be written to, and errors that are none by their prototype', async () => {
  const frozen = Object.freeze(Object.assign(new Error('frozen'), { code: Object.freeze({ a: 1 }) }));
  assert.equal((await capture(frozen)).extra.Error.code.a, 1);
  assert.equal(faultwire.captureException(frozen), faultwire.lastEventId());
  assert.equal(faultwire.stats().dropped.already_captured, 1);
  captured.restore();
  captured = captureEvents({ stormFolding: false });
  await capture(Object.seal(new Error('sealed')));
  await capture(Object.preventExtensions(new Error('closed')));
  assert.equal(raised(await capture(Object.setPrototypeOf(new Error('bare'), null))).value, 'bare');
  assert.equal(raised(await capture(Object.create(Error.prototype))).value ?? '', '');
});

test('built-in ways to look, replaced by the application', async () => {
  const before = { hasInstance: Object.getOwnPropertyDescriptor(Error, Symbol.hasInstance), isArray: Array.isArray };
  class Odd extends Error {
    static [Symbol.hasInstance]() {
      return fail();
    }
  }
  await capture(new Odd('x'));
  try {
    Object.defineProperty(Error, Symbol.hasInstance, { value: fail, configurable: true });
    await capture(new TypeError('x', { cause: new Error('y') }));
  } finally {
    delete Error[Symbol.hasInstance];
    assert.equal(before.hasInstance, undefined);
  }
});

test('what the error does while it is looked at is not captured again', async () => {
  const ids = [];
  class Chatty extends Error {
    get message() {
      ids.push(faultwire.captureException(new Error('from within')), faultwire.captureMessage('from within'));
      return 'said';
    }
  }
  assert.equal(raised(await capture(new Chatty())).value, 'said');
  assert.deepEqual([...new Set(ids)], [undefined]);
  assert.equal(faultwire.stats().dropped.reentrant, ids.length);
  captured.restore();
  captured = captureEvents({});
});
