// What starting costs: loading the package and `init`, over Node alone.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { PACKAGE } from '../run.mjs';

const ROUNDS = 10;
/** The limit is 12 ms where Node itself takes 40. Time of the CPU, so that a busy machine counts for little. */
const MAX_SHARE = 12 / 40;

const SPENT = 'const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);';
const STARTED = `require(${JSON.stringify(PACKAGE)}).init({ dsn: 'http://key@127.0.0.1:9/1' });`;

const milliseconds = (source) => Number(spawnSync(process.execPath, ['-e', source], { encoding: 'utf8' }).stdout);
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

test('import and init cost less than a third of what Node costs', (t) => {
  const [bare, started] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(milliseconds(SPENT));
    started.push(milliseconds(STARTED + SPENT));
  }
  const [alone, more] = [median(bare), median(started) - median(bare)];
  t.diagnostic(`Node alone ${alone.toFixed(1)} ms, import and init ${more.toFixed(1)} ms`);
  assert.ok(more <= alone * MAX_SHARE, `${more} ms over ${alone} ms`);
});
