// Native crashes of Node: the process dies as it would, and the next start reports it, once.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { run } from './run.mjs';
import { Sink } from './sink.mjs';

let sink;
let state;
before(async () => {
  sink = await Sink.start();
});
afterEach(() => {
  rmSync(state, { recursive: true, force: true });
  return sink.reset();
});
after(() => sink.close());

/**
 * The life that crashes, with Faultwire and without: the same but for the event that the next life sends. `before` runs
 * before Faultwire is there.
 */
async function crash(source, before = '') {
  state = mkdtempSync(join(tmpdir(), 'faultwire-crash-'));
  const env = { XDG_STATE_HOME: state };
  const lives = {};
  for (const [name, dsn] of [
    ['bare', ''],
    ['watched', sink.dsn],
  ]) {
    lives[name] = await run(
      `${before}
      fw.init({ captureCrashes: true, release: 'shop@1.4.2' });
      fw.setTag('gateway', 'acme');
      fw.setUser({ id: 42 });
      fw.addBreadcrumb({ message: 'about to fail, password=hunter2' });
      ${source}`,
      { dsn, env },
    );
  }
  return lives;
}

/** The events of the next life. */
async function reported() {
  const { code, stderr } = await run(`fw.init(); setTimeout(async () => { await fw.flush(5000); }, 700);`, {
    dsn: sink.dsn,
    env: { XDG_STATE_HOME: state },
  });
  assert.deepEqual([code, stderr], [0, '']);
  return sink.events();
}

const alike = ({ code, signal, stdout, stderr }) => ({
  code,
  signal,
  stdout,
  // Node prints addresses of its own stack when it aborts.
  stderr: stderr.replaceAll(/0x[0-9a-f]+|\d+/g, 'N'),
});

for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT']) {
  test(`${signal}: the process dies of it, and the next start says so`, async () => {
    const { bare, watched } = await crash(`process.kill(process.pid, '${signal}'); setTimeout(() => {}, 10_000);`);
    assert.deepEqual(alike(watched), alike(bare));
    assert.equal(watched.signal, signal);
    const [event, ...others] = await reported();
    assert.deepEqual(others, []);
    const [value] = event.exception.values;
    assert.deepEqual([event.level, value.type, value.mechanism.handled], ['fatal', signal, false]);
    assert.equal(value.mechanism.meta.signal.name, signal);
    assert.deepEqual([event.release, event.tags.gateway, event.user.id], ['shop@1.4.2', 'acme', '42']);
    assert.match(JSON.stringify(event.breadcrumbs), /about to fail, password=\[Filtered/);
    assert.doesNotMatch(JSON.stringify(event), /hunter2/);
  });
}

test('process.abort() prints what it prints, and is reported', async () => {
  const { bare, watched } = await crash('process.abort();');
  assert.equal(watched.signal, 'SIGABRT');
  assert.equal(watched.signal, bare.signal);
  const events = await reported();
  assert.deepEqual(
    events.map((event) => event.exception.values[0].type),
    ['SIGABRT'],
  );
});

test("V8's own breakpoint is reported", async () => {
  const { bare, watched } = await crash(
    `require('node:v8').setFlagsFromString('--allow-natives-syntax'); new Function('%SystemBreak()')();`,
  );
  assert.equal(watched.signal, 'SIGTRAP');
  assert.deepEqual(alike(watched), alike(bare));
  const [event, ...others] = await reported();
  assert.deepEqual(others, []);
  const [{ type, value, stacktrace }] = event.exception.values;
  assert.deepEqual([type, value], ['SIGTRAP', 'Trap: breakpoint']);
  assert.ok(stacktrace.frames.length > 1);
});

test('a signal that the application listens to is no crash', async () => {
  const { bare, watched } = await crash(
    `process.kill(process.pid, 'SIGTRAP');`,
    `const alive = setTimeout(() => {}, 10_000);
    process.once('SIGTRAP', () => { console.log('listened'); clearTimeout(alive); });`,
  );
  assert.deepEqual([watched.code, watched.stdout], [0, 'listened\n']);
  assert.deepEqual(alike(watched), alike(bare));
  assert.deepEqual(await reported(), []);
});

test('a fault that V8 mends is no crash', async () => {
  // A load from beyond the memory of a WebAssembly module: V8 turns the signal into an exception.
  const module = '0061736d010000000105016000017f030201000503010001070801046c6f616400000a09010700417f2802000b';
  const { watched } = await crash(
    `const { exports: wasm } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from('${module}', 'hex')));
    let traps = 0;
    for (let n = 0; n < 50; n++) { try { wasm.load(); } catch (error) { traps += error instanceof WebAssembly.RuntimeError; } }
    console.log(traps);`,
  );
  assert.deepEqual([watched.code, watched.stdout], [0, '50\n']);
  assert.deepEqual(await reported(), []);
});
