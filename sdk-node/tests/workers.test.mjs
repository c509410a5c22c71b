// Worker threads: one client for the process, and environments that come and go.

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

const PRELUDE = `
  const { Worker } = require('node:worker_threads');
  const { once } = require('node:events');
  const REQUIRE = ${JSON.stringify(`const fw = require(${JSON.stringify(PACKAGE)});`)};
  const start = (source) => new Worker(REQUIRE + source, { eval: true });
`;

test('50 threads start, capture and end; all of it arrives', async () => {
  const { code, stderr } = await run(
    `${PRELUDE}
    fw.init({ stormFolding: false });
    fw.globalScope().setTag('everywhere', 'yes');
    (async () => {
      for (let batch = 0; batch < 10; batch++) {
        const workers = Array.from({ length: 5 }, (_, n) =>
          start("fw.setTag('batch', " + batch + "); fw.captureException(new Error('in a thread'));"));
        await Promise.all(workers.map((worker) => once(worker, 'exit')));
      }
      fw.captureMessage('main goes on');
    })();`,
    sink,
  );
  assert.deepEqual([code, stderr], [0, '']);
  const events = await sink.wait(51);
  assert.equal(events.length, 51);
  const threads = events.filter((event) => event.exception).map((event) => event.threads.values[0].name);
  assert.ok(threads.every((name) => /^worker \d+$/.test(name)));
  assert.ok(events.every((event) => event.tags.everywhere === 'yes'));
});

test('threads that are terminated in the midst of it, and while they flush', async () => {
  await sink.mode('stall');
  const { code, stderr, seconds } = await run(
    `${PRELUDE}
    fw.init({ shutdownTimeout: 300 });
    (async () => {
      for (let round = 0; round < 10; round++) {
        const worker = start("fw.captureMessage('x'); fw.flush(60_000); setInterval(() => fw.captureException(new Error('x')), 0);");
        await once(worker, 'online');
        await new Promise((resolve) => setTimeout(resolve, 20));
        await worker.terminate();
      }
      console.log('done');
    })();`,
    sink,
  );
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(seconds < 20, `${seconds} s`);
});

test('a client made in a thread outlives it', async () => {
  const { code, stderr, stdout } = await run(
    `delete require.cache[require.resolve(${JSON.stringify(PACKAGE)})];
    ${PRELUDE}
    (async () => {
      const worker = start("fw.init({}); fw.captureMessage('from the thread');");
      await once(worker, 'exit');
      console.log(fw.isEnabled(), fw.captureMessage('from main') !== undefined, await fw.flush());
    })();`,
    sink,
  );
  assert.deepEqual([code, stderr, stdout], [0, '', 'true true true\n']);
  assert.equal((await sink.wait(2)).length, 2);
});

test('an addon that only a thread has loaded stays when the thread has ended', async () => {
  const { code, stderr } = await run(
    `${PRELUDE}
    (async () => {
      for (let round = 0; round < 3; round++) {
        await once(start("fw.init({}); fw.captureMessage('x');"), 'exit');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();`,
    { ...sink, dsn: sink.dsn, prelude: false },
  );
  assert.deepEqual([code, stderr], [0, '']);
  await sink.wait(3);
});

test('the hook of the process is not passed by in a thread that has none; one that has joins', async () => {
  const { stdout, stderr } = await run(
    `${PRELUDE}
    const options = "{ beforeSend: (event) => ({ ...event, tags: { hooked: 'yes' } }), beforeBreadcrumb: (crumb) => crumb }";
    fw.init(eval('(' + options + ')'));
    (async () => {
      await once(start("fw.addBreadcrumb({ message: 'unfiltered' }); if (fw.captureMessage('no hook here') !== undefined) throw 1;"), 'exit');
      await once(start('fw.init(' + options + "); fw.captureMessage('joined');"), 'exit');
      fw.captureMessage('main');
      console.log(JSON.stringify(fw.stats().dropped), fw.stats().captured);
    })();`,
    sink,
  );
  assert.deepEqual([stdout, stderr], ['{"before_send":1} 3\n', '']);
  const events = await sink.wait(2);
  assert.deepEqual(
    events.map((event) => [event.logentry.formatted, event.tags.hooked]),
    [
      ['joined', 'yes'],
      ['main', 'yes'],
    ],
  );
});

test('an error that ends a thread arrives with its hooks on', async () => {
  const { stdout, code } = await run(
    `${PRELUDE}
    fw.init({});
    const worker = start("fw.init({}); setTimeout(() => { throw new TypeError('ends the thread'); });");
    worker.on('error', (error) => console.log(error.message));`,
    sink,
  );
  assert.deepEqual([code, stdout], [0, 'ends the thread\n']);
  const [event] = await sink.wait(1);
  assert.equal(event.exception.values.at(-1).type, 'TypeError');
});
