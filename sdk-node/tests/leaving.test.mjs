// Processes that come and go: children, clusters, signals, and what 10,000 captures at once cost.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

let sink;
before(async () => {
  sink = await Sink.start();
});
afterEach(() => sink.reset());
after(() => sink.close());

const INIT = 'fw.init({ stormFolding: false });';
const unique = (events) => new Set(events.map((event) => event.event_id)).size;

test('10,000 captures in one turn raise the peak of memory by at most 40 MB', async () => {
  const story = (capture) => `${INIT}
    for (let n = 0; n < 10_000; n++) { const error = new Error('e' + n); error.stack; ${capture} }
    setTimeout(async () => {
      const done = await fw.flush(30_000);
      const { captured, delivered, pending, dropped } = fw.stats();
      const lost = Object.values(dropped).reduce((a, b) => a + b, 0);
      console.log(JSON.stringify({ rss: process.resourceUsage().maxRSS / 1024, done, captured, accounted: delivered + lost, pending }));
    });`;
  // The same program, that makes the errors and captures none.
  const without = await run(story('').replace(INIT, 'fw.init({ dsn: "" });'), { env: { FAULTWIRE_DSN: '' } });
  const with_ = await run(story('fw.captureException(error);'), sink);
  const { rss, ...books } = JSON.parse(with_.stdout);
  assert.deepEqual(books, { done: true, captured: 10_000, accounted: 10_000, pending: 0 });
  const more = rss - JSON.parse(without.stdout).rss;
  assert.ok(more <= 40, `${more} MB more`);
});

test('process.exit() in the turn of 10,000 captures: exit is bounded, and sends what it can', async () => {
  const { code, stdout } = await run(
    `fw.init({ stormFolding: false, shutdownTimeout: 1000 });
    for (let n = 0; n < 10_000; n++) fw.captureException(new Error('e' + n));
    require('node:fs').writeSync(1, String(Date.now()));
    process.exit(3);`,
    sink,
  );
  const took = Date.now() - Number(stdout);
  assert.equal(code, 3);
  // The capturing itself is not counted: how long it takes is the machine's affair.
  assert.ok(took < 5000, `${took} ms`);
  assert.ok((await sink.wait(1)).length > 0);
});

for (const mode of ['stall', 'refuse', 'reset']) {
  for (const [how, source, expected] of [
    ['a natural end', '', 0],
    ['an uncaught error', 'throw new Error("x");', 1],
    ['an unhandled rejection', 'Promise.reject(new Error("x"));', 1],
    [
      'process.exit() in an uncaughtException listener',
      'process.on("uncaughtException", () => process.exit(8)); throw new Error("x");',
      8,
    ],
  ]) {
    test(`a server that does ${mode}: ${how} is bounded`, async () => {
      await sink.mode(mode);
      const { code, seconds } = await run(
        `fw.init({ shutdownTimeout: 400 }); for (let n = 0; n < 20; n++) fw.captureException(new Error('e' + n)); ${source}`,
        sink,
      );
      assert.equal(code, expected);
      assert.ok(seconds < 10, `${seconds} s`);
    });
  }
}

test('captures in beforeExit and in exit arrive, whoever listened first', async () => {
  const { code } = await run(
    `process.on('exit', () => fw.captureMessage('exit, listened before init'));
    ${INIT}
    process.once('beforeExit', () => fw.captureMessage('before exit'));
    process.on('exit', () => fw.captureMessage('exit'));
    setTimeout(() => process.on('exit', () => fw.captureMessage('exit, listened late')), 5);`,
    sink,
  );
  assert.equal(code, 0);
  const events = await sink.wait(4);
  assert.deepEqual(events.map((event) => event.logentry.formatted).sort(), [
    'before exit',
    'exit',
    'exit, listened before init',
    'exit, listened late',
  ]);
});

test('a forked child and its parent each deliver their own', async () => {
  const { code, stdout, stderr } = await run(
    `${INIT}
    if (process.argv[2] === 'child') {
      fw.setTag('where', 'child');
      for (let n = 0; n < 20; n++) fw.captureException(new Error('child ' + n));
      process.on('message', () => process.exit(5));
      process.send('ready');
    } else {
      fw.setTag('where', 'parent');
      fw.captureException(new Error('before the fork'));
      const child = require('node:child_process').fork(__filename, ['child']);
      child.on('message', () => child.send('leave'));
      child.on('exit', (code) => { console.log('child', code); fw.captureException(new Error('after the child')); process.exit(4); });
    }`,
    sink,
  );
  assert.deepEqual([code, stdout, stderr], [4, 'child 5\n', '']);
  const events = await sink.wait(22);
  assert.equal(unique(events), 22);
  const count = (where) => events.filter((event) => event.tags.where === where).length;
  assert.deepEqual([events.length, count('child'), count('parent')], [22, 20, 2]);
});

test('a cluster of 8 workers: 20 captures of each arrive, under ids of their own', async () => {
  const { code, stdout, stderr } = await run(
    `${INIT}
    const cluster = require('node:cluster');
    if (cluster.isPrimary) {
      let left = 8;
      for (let n = 0; n < 8; n++) cluster.fork();
      cluster.on('exit', (worker, code) => { if (code !== 0) console.log('code', code); if (--left === 0) fw.captureMessage('all gone'); });
    } else {
      fw.setTag('worker', cluster.worker.id);
      for (let n = 0; n < 20; n++) fw.captureException(new Error('e' + n));
      process.exit(0);
    }`,
    sink,
  );
  assert.deepEqual([code, stdout, stderr], [0, '', '']);
  const events = await sink.wait(161);
  assert.deepEqual([events.length, unique(events)], [161, 161]);
  for (let id = 1; id <= 8; id++) {
    assert.equal(events.filter((event) => event.tags?.worker === String(id)).length, 20);
  }
});

test('a worker of a cluster that dies of an error tells it, and the cluster sees it die', async () => {
  const { stdout } = await run(
    `${INIT}
    const cluster = require('node:cluster');
    if (cluster.isPrimary) {
      cluster.fork();
      cluster.on('exit', (worker, code, signal) => console.log(code, signal));
    } else {
      setTimeout(() => { throw new TypeError('in a worker'); }, 1);
    }`,
    sink,
  );
  assert.equal(stdout, '1 null\n');
  assert.equal((await sink.wait(1))[0].exception.values.at(-1).type, 'TypeError');
});

test('SIGTERM without a handler ends the process at once, as without us', async () => {
  await sink.mode('stall');
  const { code, signal, seconds } = await run(
    `fw.init({ stormFolding: false, shutdownTimeout: 20_000 }); fw.captureMessage('lost'); setInterval(() => {}, 1000);
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50);`,
    sink,
  );
  assert.deepEqual([code, signal], [null, 'SIGTERM']);
  assert.ok(seconds < 10, `${seconds} s`);
});

test('SIGTERM with a handler that ends the process delivers', async () => {
  const { code } = await run(
    `${INIT} setInterval(() => {}, 1000);
    process.on('SIGTERM', () => { for (let n = 0; n < 20; n++) fw.captureMessage('leaving ' + n); process.exit(0); });
    process.kill(process.pid, 'SIGTERM');`,
    sink,
  );
  assert.equal(code, 0);
  assert.equal((await sink.wait(20)).length, 20);
});

test('a thread that ends right after its captures loses none', async () => {
  const { code } = await run(
    `${INIT}
    const { Worker } = require('node:worker_threads');
    const source = 'const fw = require(' + JSON.stringify(${JSON.stringify(PACKAGE)}) + '); fw.init({ stormFolding: false });' +
      'for (let n = 0; n < 20; n++) fw.captureException(new Error("e" + n)); process.exit(0);';
    for (let n = 0; n < 4; n++) new Worker(source, { eval: true });`,
    sink,
  );
  assert.equal(code, 0);
  assert.equal(unique(await sink.wait(80)), 80);
});
