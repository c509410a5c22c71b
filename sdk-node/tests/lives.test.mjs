// Lives that end badly, and the ones after them: what was on disk arrives, once.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { run } from './run.mjs';
import { Sink } from './sink.mjs';

let sink;
let state;
before(async () => {
  sink = await Sink.start();
  state = mkdtempSync(join(tmpdir(), 'faultwire-lives-'));
});
afterEach(async () => {
  await sink.reset();
  rmSync(join(state, 'faultwire'), { recursive: true, force: true });
});
after(() => {
  rmSync(state, { recursive: true, force: true });
  return sink.close();
});

const files = () =>
  readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
const life = (source) => run(source, { dsn: sink.dsn, env: { XDG_STATE_HOME: state } });
const values = async () => (await sink.events()).map((event) => event.exception.values[0].value).sort();

/** A life that captures nothing itself, and ends when nothing is left on disk. */
async function recovers() {
  await sink.reset();
  const { code, stderr } = await life(
    `const { readdirSync } = require('node:fs');
    fw.init();
    const left = () => readdirSync(process.env.XDG_STATE_HOME, { recursive: true, withFileTypes: true }).some((e) => e.isFile());
    const look = () => (left() ? setTimeout(look, 5) : undefined);
    look();`,
  );
  assert.deepEqual([code, stderr, files()], [0, '', 0]);
}

const MANY = 'for (let n = 0; n < 20; n++) fw.captureException(new Error(`number ${n}`));';
const ALL = Array.from({ length: 20 }, (_, n) => `number ${n}`).sort();

for (const mode of ['refuse', 'stall']) {
  for (const [how, source, expected] of [
    ['process.exit()', `${MANY} process.exit(6);`, 6],
    ['a natural end', MANY, 0],
    ['an uncaught error', `${MANY} setTimeout(() => { throw new Error('the last one'); }, 5);`, 1],
    ['process.abort() once it is on disk', `${MANY} while (fw.stats().spooled < 20); process.abort();`, null],
    [
      'SIGKILL once it is on disk',
      `${MANY} while (fw.stats().spooled < 20); process.kill(process.pid, 'SIGKILL');`,
      null,
    ],
  ]) {
    test(`a server that does ${mode} and ${how}: all of it arrives at the next start`, async () => {
      await sink.mode(mode);
      const { code, seconds } = await life(`fw.init({ stormFolding: false, shutdownTimeout: 500 }); ${source}`);
      assert.equal(code, expected);
      assert.ok(seconds < 10, `${seconds} s`);
      await recovers();
      assert.deepEqual(await values(), source.includes('the last one') ? [...ALL, 'the last one'].sort() : ALL);
    });
  }
}

test('the processes of a cluster share a folder and send their own, once', async () => {
  await sink.mode('status', { status: 503 });
  const { code, stderr } = await life(
    `const cluster = require('node:cluster');
    fw.init({ stormFolding: false });
    fw.captureException(new Error(cluster.isPrimary ? 'primary' : 'worker'));
    if (cluster.isPrimary) {
      for (let n = 0; n < 4; n++) cluster.fork();
    } else {
      ${MANY.replace('number', 'of a worker')}
      process.exit();
    }`,
  );
  assert.deepEqual([code, stderr], [0, '']);
  await recovers();
  const events = await sink.events();
  assert.deepEqual([events.length, new Set(events.map((event) => event.event_id)).size], [85, 85]);
});

test('flushOnSigterm: what is on its way leaves, and the process dies of the signal', async () => {
  const { code, signal } = await life(
    `fw.init({ flushOnSigterm: true });
    ${MANY}
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => {}, 30_000);`,
  );
  assert.deepEqual([code, signal], [null, 'SIGTERM']);
  assert.deepEqual(await values(), ALL);
});

test('flushOnSigterm leaves a listener of the application alone, whenever it comes', async () => {
  for (const when of ['before', 'after']) {
    const listens = `process.on('SIGTERM', () => process.exit(5));`;
    const { code } = await life(
      `${when === 'before' ? listens : ''}
      fw.init({ flushOnSigterm: true });
      ${when === 'after' ? listens : ''}
      setTimeout(() => {}, 30_000);
      setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50);`,
    );
    assert.equal(code, 5, when);
  }
});

test('stats() says where events wait, and why', async () => {
  const { stdout } = await run(
    `fw.init(); console.log(fw.stats().outbox); fw.init({ spool: false }); console.log(fw.stats().outbox);`,
    sink,
  );
  assert.equal(stdout, 'disk\nmemory: the option spool is off\n');
});
