// Lines of the console as breadcrumbs: what is written, and how the console looks, stays the same.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { run } from './run.mjs';
import { Sink } from './sink.mjs';
import { twins } from './twin.mjs';

let captured;
let sink;
before(async () => {
  sink = await Sink.start();
});
afterEach(async () => {
  captured?.restore();
  captured = undefined;
  await sink.reset();
});
after(() => sink.close());

/** The breadcrumbs that `work` leaves, as `[level, message]`. */
async function crumbs(work) {
  faultwire.withIsolationScope(() => {
    work();
    faultwire.captureMessage('look');
  });
  const [event] = await captured.events();
  assert.ok(event.breadcrumbs.values.every(({ category }) => category === 'console'));
  return event.breadcrumbs.values.map(({ level, message }) => [level, message]);
}

/** Runs `work` while nothing is written. */
function silently(work) {
  const write = process.stdout.write;
  const writeError = process.stderr.write;
  process.stdout.write = process.stderr.write = () => true;
  try {
    work();
  } finally {
    process.stdout.write = write;
    process.stderr.write = writeError;
  }
}

test('each line becomes a breadcrumb of its level', async () => {
  captured = captureEvents({ logBreadcrumbLevel: 'debug' });
  const left = await crumbs(() =>
    silently(() => {
      console.debug('d');
      console.log('l', 1, true, null, undefined);
      console.info({ a: { b: 1 } });
      console.warn('%s costs %d%%, %o', 'bread', 5, { x: 1 }, 'more');
      console.error(new TypeError('bad'));
      console.log();
      console.assert(false, 'not so');
    }),
  );
  assert.deepEqual(left, [
    ['debug', 'd'],
    ['info', 'l 1 true null undefined'],
    ['info', '{"a":{"b":1}}'],
    ['warning', 'bread costs 5%, {"x":1} more'],
    ['error', 'TypeError: bad'],
    ['info', ''],
    ['warning', 'Assertion failed: not so'],
  ]);
});

test('logBreadcrumbLevel says from where on', async () => {
  captured = captureEvents({ logBreadcrumbLevel: 'warning' });
  const left = await crumbs(() =>
    silently(() => ['debug', 'log', 'info', 'warn', 'error'].forEach((name) => console[name](name))),
  );
  assert.deepEqual(left, [
    ['warning', 'warn'],
    ['error', 'error'],
  ]);
});

test('never, and an unknown level', async () => {
  captured = captureEvents({ logBreadcrumbLevel: 'never', logEventLevel: 'never' });
  faultwire.withIsolationScope(() => {
    silently(() => console.error('x'));
    faultwire.captureMessage('look');
  });
  assert.equal((await captured.events())[0].breadcrumbs, undefined);
  for (const option of ['logBreadcrumbLevel', 'logEventLevel']) {
    assert.throws(() => faultwire.init({ [option]: 'warn' }), { name: 'InvalidOptionError', field: option });
  }
});

test('a hook that writes to the console does not come back to itself', async () => {
  captured = captureEvents({
    beforeBreadcrumb: (crumb) => {
      silently(() => console.error('in the hook'));
      return crumb;
    },
    beforeSend: (event) => {
      silently(() => console.error('in the other hook'));
      return event;
    },
  });
  assert.deepEqual(await crumbs(() => silently(() => console.warn('once'))), [['warning', 'once']]);
});

test('arguments are looked at without running code of theirs', async () => {
  captured = captureEvents();
  let ran = 0;
  const tricky = {
    get secret() {
      return ++ran;
    },
    toString: () => String(++ran),
    toJSON: () => ++ran,
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const left = await crumbs(() => {
    const { log } = console;
    silently(() => {
      log(tricky);
      ran = 0;
      log(revoked.proxy);
    });
  });
  assert.equal(ran, 0);
  assert.equal(left.length, 2);
});

test('secrets in a line are filtered, and a long one is cut', async () => {
  captured = captureEvents();
  const left = await crumbs(() =>
    silently(() => console.log('token ghp_0123456789abcdefghijklmnopqrstuvwxyz', 'x '.repeat(1e6))),
  );
  assert.ok(!left[0][1].includes('ghp_'));
  assert.ok(left[0][1].length < 10_000);
});

test('the console writes, returns and looks as without us', async () => {
  const app = `
    const shape = (name) => { const d = Object.getOwnPropertyDescriptor(console, name); return [d.writable, d.enumerable, d.configurable, d.value.name, d.value.length, 'prototype' in d.value]; };
    for (const name of ['debug', 'log', 'info', 'warn', 'error']) console.log(name, JSON.stringify(shape(name)), console[name]('to', name), typeof console[name].call(undefined, 'no this'));
    console.log(Object.keys(console).join());
    console.group('group'); console.log('%s|%d|%i|%j|%o|%O|%c|%%', 'a', 1.5, 1.5, { a: 1 }, [1], { b: 2 }, 'css'); console.groupEnd();
    console.error(new Error('shown').message, Symbol('s'), 10n, -0); console.table([{ a: 1 }]); console.dir({ a: 1 }); console.trace('here'); console.count(); console.assert(false, 'a %s', 'b');
    const { log } = console; log('loose'); [1, 2].forEach(console.log); new console.Console(process.stderr).warn('other');
    class Loud { [require('node:util').inspect.custom]() { return 'custom'; } } console.log(new Loud());\n`;
  await twins({ 'app.cjs': app }, { dsn: sink.dsn, init: '{ logBreadcrumbLevel: "debug" }' });
});

test('switched off, the console is the one it was', async () => {
  const { stdout } = await run(
    `const before = console.log;
    fw.init({ disabledIntegrations: ['console'] });
    const off = console.log === before;
    fw.init({});
    const outer = console.warn;
    console.warn = function (...all) { return outer.apply(this, all); };
    fw.init({ disabledIntegrations: ['console'] });
    console.warn('still passed on');
    console.log(off, console.log === before);`,
    sink,
  );
  assert.equal(stdout, 'true true\n');
});
