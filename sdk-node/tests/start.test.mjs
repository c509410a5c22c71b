// What a start loads: memory and milliseconds of every process that has us, wanted or not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from './run.mjs';

const LOADED = `
  const loaded = () => new Set(process.moduleLoadList.filter((name) => name.startsWith('NativeModule ')).map((name) => name.slice(13)));
  const before = loaded();`;

test('import and init load no module of Node that is heavy', async () => {
  const source = `${LOADED}
    const fw = require(PACKAGE);
    fw.init({ dsn: 'http://key@127.0.0.1:9/1' });
    console.log(JSON.stringify([...loaded()].filter((name) => !before.has(name))));`;
  const path = JSON.stringify((await import('./run.mjs')).PACKAGE);
  const { stdout } = await run(source.replace('PACKAGE', path), { prelude: false });
  const heavy = [
    'worker_threads',
    'http',
    'https',
    'http2',
    'tls',
    'net',
    'child_process',
    'cluster',
    'inspector',
    'crypto',
    'zlib',
  ];
  assert.deepEqual(
    JSON.parse(stdout).filter((name) => heavy.includes(name)),
    [],
  );
});

test('threads are told apart without asking', async () => {
  const { stdout } = await run(
    `const { captureEvents } = require(require.resolve(PACKAGE).replace('index.js', 'testing.js'));
    const { Worker, isMainThread } = require('node:worker_threads');
    const captured = captureEvents();
    fw.captureMessage('here');
    captured.events().then(([event]) => {
      console.log(JSON.stringify(event.threads.values.map(({ id, name }) => [id, name])));
      if (isMainThread) new Worker(__filename);
    });`.replace('PACKAGE', JSON.stringify((await import('./run.mjs')).PACKAGE)),
    {},
  );
  assert.equal(stdout, '[[0,"main"]]\n[[1,"worker 1"]]\n');
});
