// `npx faultwire`: the words, checks and exit codes of `python -m faultwire`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { PACKAGE } from './run.mjs';
import { Sink } from './sink.mjs';

const KEY = 'verysecretkey';

let sink;
before(async () => {
  sink = await Sink.start();
});
afterEach(() => sink.reset());
after(() => sink.close());

const CLEAN = Object.entries(process.env).filter(([name]) => !/^(FAULTWIRE_|SENTRY_|.*_proxy$)/i.test(name));

async function faultwire(given, env = {}) {
  const child = spawn(process.execPath, [join(PACKAGE, 'dist', 'cli.js'), ...given], {
    env: { ...Object.fromEntries(CLEAN), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, ...output, lines: output.stdout.split('\n') };
}

test('doctor says what is set, but no key', async () => {
  const ended = await faultwire(['doctor'], {
    FAULTWIRE_DSN: `https://${KEY}@errors.example.com/1`,
    SENTRY_RELEASE: 'shop@1',
    HTTPS_PROXY: `http://user:${KEY}@proxy.example.com:3128`,
  });
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  assert.match(ended.lines[0], new RegExp(`^faultwire [0-9.]+, Node ${process.versions.node}, ${process.platform}`));
  for (const line of [
    'native library: loaded',
    'dsn: https://...@errors.example.com/1 (FAULTWIRE_DSN)',
    'release: shop@1 (SENTRY_RELEASE)',
    'environment: not set in the environment',
    'HTTPS_PROXY is set',
    'enabled: yes',
  ]) {
    assert.ok(ended.lines.includes(line), `${line}\n${ended.stdout}`);
  }
  assert.match(ended.stdout, /^integrations known: .*uncaught/m);
  assert.ok(!ended.stdout.includes(KEY));
});

test('doctor names what is wrong', async () => {
  const wrong = await faultwire(['doctor'], { FAULTWIRE_DSN: `https://${KEY}@/1` });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /^init: dsn: /m);
  assert.ok(!(wrong.stdout + wrong.stderr).includes(KEY));
  const shapeless = await faultwire(['doctor'], { FAULTWIRE_DSN: KEY });
  assert.equal(shapeless.code, 1);
  assert.ok(shapeless.lines.includes('dsn: set, but it does not look like a DSN (FAULTWIRE_DSN)'));
  assert.ok(!(shapeless.stdout + shapeless.stderr).includes(KEY));
  const none = await faultwire(['doctor']);
  assert.equal(none.code, 0);
  assert.ok(none.lines.includes('enabled: no, there is no DSN'));
});

for (const [how, given] of [
  ['from the environment', (dsn) => [['send-test'], { FAULTWIRE_DSN: dsn }]],
  ['named', (dsn) => [['send-test', '--dsn', dsn], { FAULTWIRE_DSN: 'http://key@127.0.0.1:9/1' }]],
]) {
  test(`send-test arrives, the DSN ${how}`, async () => {
    const ended = await faultwire(...given(sink.dsn));
    const [event] = await sink.wait(1);
    assert.deepEqual([ended.code, ended.stdout], [0, `delivered: event ${event.event_id}\n`]);
    assert.equal(event.exception.values.at(-1).value, 'A test event of npx faultwire send-test');
  });
}

test('send-test says what came back', async () => {
  await sink.mode('status', { status: 403 });
  const refused = await faultwire(['send-test', '--dsn', sink.dsn]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^not delivered: event [0-9a-f]{32}; dropped: send_error: 1\n/);
  assert.match(refused.stdout, /init\(\{ debug: true \}\) says more\n$/);
  const none = await faultwire(['send-test']);
  assert.deepEqual([none.code, none.stdout], [1, 'there is no DSN: pass --dsn or set FAULTWIRE_DSN\n']);
  const wrong = await faultwire(['send-test', '--dsn', `https://${KEY}@/1`]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /^init: dsn: /);
  assert.ok(!(wrong.stdout + wrong.stderr).includes(KEY));
});

test('send-test to a server that refuses the connection', async () => {
  await sink.mode('refuse');
  const ended = await faultwire(['send-test', '--dsn', sink.dsn]);
  assert.equal(ended.code, 1);
  assert.match(ended.stdout, /^not delivered: event /);
});

test('a wrong command line is 2, help is 0', async () => {
  for (const given of [
    [],
    ['cure'],
    ['doctor', 'me'],
    ['doctor', '--dsn', 'x'],
    ['send-test', '--no-such'],
    ['send-test', '--dsn'],
  ]) {
    const ended = await faultwire(given);
    assert.deepEqual([ended.code, ended.stdout], [2, ''], given.join(' '));
    assert.match(ended.stderr, /^usage: faultwire .*\nfaultwire: ./);
  }
  const help = await faultwire(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /doctor.*\n.*send-test/);
});
