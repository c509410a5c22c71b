// Invariant 5: a bug behind any export of the addon reaches nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { captureEvents } from 'faultwire/testing';

import { native } from './native.mjs';

const cell = new native.ScopeCell(undefined);
const HOOKS = { beforeSend: false, beforeBreadcrumb: false };
const admit = () => native.admit(1, 1, 'message', 'Error: message', undefined, true, undefined);

/** For each export: a call with sound arguments, what must be done before, and what a bug in it gives. */
const EXPORTS = {
  abandon: [() => native.abandon()],
  abandonClient: [() => native.abandonClient()],
  addIntegration: [() => native.addIntegration('x')],
  admit: [admit, false],
  asked: [() => native.asked(cell, undefined, undefined, undefined, 'info').level, 'info'],
  captureEvent: [() => native.captureEvent('{}', -1, cell, undefined, false), null],
  captureException: [
    () =>
      native.captureException(
        cell,
        undefined,
        'Error',
        undefined,
        undefined,
        'generic',
        true,
        false,
        undefined,
        undefined,
        undefined,
        false,
      ),
    null,
    admit,
  ],
  captureMessage: [
    () =>
      native.captureMessage(
        1,
        cell,
        undefined,
        'x',
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        false,
      ),
    null,
  ],
  close: [() => native.close(0), false],
  complete: [() => native.complete('{}'), false],
  explainEvent: [() => JSON.parse(native.explainEvent('{}')).error?.kind, 'internal'],
  explainException: [() => JSON.parse(native.explainException(['E'], ['x'], [''], undefined)).error?.kind, 'internal'],
  flush: [() => native.flush(0), false],
  flushSync: [() => native.flushSync(0), false],
  generation: [() => native.generation(), 0],
  globalCell: [() => native.globalCell() instanceof native.ScopeCell, true],
  init: [() => JSON.parse(native.init('{}', '20', HOOKS, true)).error?.kind, 'internal'],
  internType: [() => native.internType(['Error']), 0],
  refuse: [() => native.refuse('reentrant')],
  saidPlace: [() => native.saidPlace(cell, undefined), null],
  sample: [() => native.sample(0, -1), -1],
  setThread: [() => native.setThread(0, 'main')],
  settings: [() => native.settings(), null],
  stats: [() => native.stats(), '{}'],
  takenEnvelopes: [() => native.takenEnvelopes(), '[]'],
  traceOf: [() => native.traceOf('x'), null],
  typeRate: [() => native.typeRate(0), -1],
  vector: [() => JSON.parse(native.vector('dsn', '{}')).error?.kind, 'internal'],
  version: [() => native.version(), ''],
  ScopeCell: [() => new native.ScopeCell(cell) instanceof native.ScopeCell, true],
};

const METHODS = {
  setTag: [() => cell.setTag('a', 'b')],
  removeTag: [() => cell.removeTag('a')],
  setUser: [() => cell.setUser('{"id":1}')],
  setSession: [() => cell.setSession('x')],
  setContext: [() => cell.setContext('a', '{}')],
  setExtra: [() => cell.setExtra('a', '1')],
  setLevel: [() => cell.setLevel('info')],
  setTransaction: [() => cell.setTransaction('x')],
  setFingerprint: [() => cell.setFingerprint(['x'])],
  continueTrace: [() => cell.continueTrace('x'), false],
  addBreadcrumb: [() => cell.addBreadcrumb('x', undefined, undefined, undefined, undefined, undefined)],
  clearBreadcrumbs: [() => cell.clearBreadcrumbs()],
  clear: [() => cell.clear()],
};

test('every export is here', () => {
  const names = Object.keys(native).filter((name) => name !== 'armPanic');
  assert.deepEqual(names.sort(), Object.keys(EXPORTS).sort());
  const methods = Object.getOwnPropertyNames(native.ScopeCell.prototype).filter((name) => name !== 'constructor');
  assert.deepEqual(methods.sort(), Object.keys(METHODS).sort());
});

for (const [name, [call, expected, before]] of Object.entries({ ...EXPORTS, ...METHODS })) {
  test(`a bug in ${name}`, async () => {
    const captured = captureEvents({ stormFolding: false });
    try {
      before?.();
      native.armPanic(name);
      const given = await call();
      assert.equal(native.armPanic(''), false, 'the place was not reached');
      assert.equal(given ?? undefined, expected ?? undefined);
      // What it left behind is in order.
      native.abandon();
      await call();
      assert.equal(native.armPanic(''), false);
    } finally {
      captured.restore();
    }
  });
}

for (const place of ['submit', 'worker']) {
  test(`a bug in the ${place} is counted, and the next event arrives`, async () => {
    const faultwire = await import('faultwire');
    const captured = captureEvents();
    try {
      native.armPanic(place);
      faultwire.captureException(new Error('lost'));
      assert.equal(await faultwire.flush(), true);
      faultwire.captureException(new TypeError('kept'));
      const events = await captured.events();
      assert.deepEqual(
        events.map((event) => event.exception.values[0].type),
        ['TypeError'],
      );
      assert.equal(faultwire.stats().dropped.internal_sdk_error, 1);
    } finally {
      captured.restore();
    }
  });
}
