// Real processes: what ends them, what they print, and what arrives.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { run } from './run.mjs';
import { Sink } from './sink.mjs';

let sink;
before(async () => {
  sink = await Sink.start();
});
afterEach(() => sink.reset());
after(() => sink.close());

const INIT = 'fw.init({ stormFolding: false });';

test('process.exit() on the line after 20 captures delivers 20', async () => {
  const { code } = await run(
    `${INIT} for (let n = 0; n < 20; n++) fw.captureException(new Error('e' + n)); process.exit(3);`,
    sink,
  );
  assert.equal(code, 3);
  assert.equal((await sink.wait(20)).length, 20);
});

test('a natural exit right after 200 delivers 200', async () => {
  const { code } = await run(`${INIT} for (let n = 0; n < 200; n++) fw.captureException(new Error('e' + n));`, sink);
  assert.equal(code, 0);
  assert.equal((await sink.wait(200)).length, 200);
});

for (const mode of ['stall', 'refuse']) {
  test(`a server that does ${mode}: exit is bounded`, async () => {
    await sink.mode(mode);
    const { code, seconds } = await run(
      `fw.init({ shutdownTimeout: 500 }); fw.captureException(new Error('x')); fw.flush(60_000); setTimeout(() => process.exit(4), 50);`,
      sink,
    );
    assert.equal(code, 4);
    assert.ok(seconds < 10, `${seconds} s`);
  });
}

test('flush keeps a process alive until it knows; an idle client does not', async () => {
  const flushed = await run(`${INIT} fw.captureMessage('x'); fw.flush(5000).then((done) => console.log(done));`, sink);
  assert.equal(flushed.stdout, 'true\n');
  const idle = await run(INIT, sink);
  assert.deepEqual([idle.code, idle.stdout], [0, '']);
  assert.ok(idle.seconds < 5);
});

test('without a fitting binary everything is a no-op, said once', async () => {
  const { code, stdout, stderr } = await run(
    `Object.defineProperty(process, 'arch', { value: 'pdp11' });
    const fw = require(PACKAGE);
    fw.init({ dsn: 'nonsense' });
    fw.setTag('a', 1); fw.addBreadcrumb({ message: 'x' });
    console.log(fw.captureException(new Error('x')), fw.withScope(() => 5), fw.isEnabled(), fw.explain(new Error('x')));
    fw.flush().then((done) => console.log(done, fw.stats()));`.replace(
      'PACKAGE',
      JSON.stringify((await import('./run.mjs')).PACKAGE),
    ),
    { prelude: false },
  );
  assert.deepEqual([code, stdout], [0, 'undefined 5 false {}\nfalse {}\n']);
  assert.match(stderr, /^faultwire: nothing is captured, the native library did not load \(.*\)\n$/);
});

test('CommonJS and ES modules share one state', async () => {
  const { stdout, stderr } = await run(
    `${INIT}
    import(require('node:url').pathToFileURL(require.resolve(${JSON.stringify((await import('./run.mjs')).PACKAGE)}).replace('index.js', 'index.mjs'))).then((esm) => {
      const cjs = require(${JSON.stringify((await import('./run.mjs')).PACKAGE)});
      const names = Object.keys(cjs).sort().join();
      console.log(esm.isEnabled(), names === Object.keys(esm).sort().join(), esm.captureException === cjs.captureException);
    });`,
    sink,
  );
  assert.deepEqual([stdout, stderr], ['true true true\n', '']);
});
