// Options: camelCase here, the engine's names inside, and errors that name what the application wrote.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { run } from './run.mjs';

const DSN = 'https://key@faultwire.invalid/1';
let captured;
afterEach(() => captured?.restore());

const refused = (options) => {
  try {
    faultwire.init({ dsn: DSN, ...options });
  } catch (error) {
    assert.ok(error instanceof faultwire.FaultwireError && error instanceof Error);
    return error;
  }
  return assert.fail(`${JSON.stringify(options)} was taken`);
};

for (const [options, field, message] of [
  [{ sampleRate: 2 }, 'sampleRate', /0\.0 to 1\.0/],
  [{ sampleRate: NaN }, 'sampleRate', /number/],
  [{ sampelRate: 1 }, 'sampelRate', /unknown option/],
  [{ sample_rate: 1 }, 'sample_rate', /did you mean sampleRate/],
  [{ samplerate: 1 }, 'samplerate', /did you mean sampleRate/],
  [{ maxBreadcrumbs: -1 }, 'maxBreadcrumbs', /whole number/],
  [{ maxBreadcrumbs: 1001 }, 'maxBreadcrumbs', /0 to 1000/],
  [{ ignoreErrors: 'TypeError' }, 'ignoreErrors', /list of texts/],
  [{ ignoreErrors: [/x/] }, 'ignoreErrors', /list/],
  [{ sanitizePatterns: { a: '(' } }, 'sanitizePatterns', /./],
  [{ sanitizePatterns: { a: /x/ } }, 'sanitizePatterns', /./],
  [{ shutdownTimeout: -1 }, 'shutdownTimeout', /milliseconds from 0/],
  [{ shutdownTimeout: '2s' }, 'shutdownTimeout', /milliseconds/],
  [{ spoolMaxAge: 604_800_001 }, 'spoolMaxAge', /milliseconds from 0 to 604800000/],
  [{ stormWindow: 60 }, 'stormWindow', /milliseconds from 1000/],
  [{ beforeSend: {} }, 'beforeSend', /function/],
  [{ errorSampler: 0.5 }, 'errorSampler', /function/],
  [{ autoIntegrations: 1 }, 'autoIntegrations', /true or false/],
  [{ disabledIntegrations: ['nonsense'] }, 'disabledIntegrations', /unknown integration nonsense/],
  [{ runUserRepr: true }, 'runUserRepr', /unknown/],
]) {
  test(`refused: ${Object.keys(options)} ${JSON.stringify(Object.values(options))}`, () => {
    const error = refused(options);
    assert.equal(error.field, field);
    assert.equal(error.name, 'InvalidOptionError');
    assert.match(error.message, message);
    assert.ok(error.message.startsWith(`${field}: `), error.message);
  });
}

test('a bad DSN is an error of its own, and is not shown', () => {
  const error = refused({ dsn: 'https://secret@' });
  assert.ok(error instanceof faultwire.InvalidDsnError);
  assert.equal(error.field, 'dsn');
  assert.ok(!error.message.includes('secret'));
  assert.throws(() => faultwire.init('https://key@host/1'), faultwire.InvalidOptionError);
});

test('undefined and null are unset; everything else is taken', () => {
  captured = captureEvents({
    release: '1.2',
    environment: null,
    sampleRate: undefined,
    exceptionSampleRates: { TypeError: 0.5 },
    ignoreErrors: ['A'],
    attachStacktrace: true,
    includeSourceContext: false,
    maxRequestBodySize: 'small',
    maxValueLength: 100,
    sanitizeKeys: ['k'],
    sanitizePatterns: { kind: 'x+' },
    inAppInclude: ['a'],
    inAppExclude: ['b'],
    frameBlocklist: ['m:f'],
    fingerprintMode: 'override',
    stormFolding: true,
    stormBurst: 5,
    stormWindow: 1000,
    shutdownTimeout: 500,
    maxQueueEvents: 10,
    maxQueueBytes: 1 << 20,
    maxOutboxBytes: 1 << 20,
    flushOnSigterm: false,
    spool: true,
    spoolDir: '/nowhere',
    spoolMaxBytes: 1 << 20,
    spoolMaxAge: 1000,
    spoolSync: true,
    debug: false,
    autoIntegrations: false,
    disabledIntegrations: ['uncaught'],
  });
  assert.ok(faultwire.isEnabled());
});

test('without a DSN nothing happens, and nothing fails', async () => {
  const { code, stdout, stderr } = await run(`
    fw.init();
    console.log(fw.isEnabled(), fw.captureException(new Error('x')), fw.captureMessage('x'), fw.stats().captured);
    fw.flush().then((done) => console.log(done));
  `);
  assert.deepEqual([code, stdout, stderr], [0, 'false undefined undefined 0\ntrue\n', '']);
});
