// One process, one SDK, one row: captures, and says on the last line of stdout what it took.
//
// node drive.cjs SDK URL '{"frames": 5, "captures": 1000, "gap": 0.001, "warm": 50, "read": false, "options": {}}'
//
// `read`: the application has looked at `error.stack` before, which is when V8 writes it.

'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

const { entry } = require('./entry.cjs');
const sdks = require('./sdks.cjs');

const [name, url, told] = process.argv.slice(2);
const row = JSON.parse(told);
const USER = { id: 42, name: 'Ada', email: 'ada@example.org' };
const clock = process.hrtime.bigint;
let took = [];

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function timed(error) {
  if (row.read && error.stack === '') {
    throw error;
  }
  const before = clock();
  sdk.capture(error);
  took.push(Number(clock() - before));
}

/** The outermost frame of the application in every stack. */
function fail(n, step) {
  try {
    step(n, USER);
  } catch (error) {
    timed(error);
  }
}

async function run(captures, gap, step) {
  took = [];
  for (let n = 0; n < captures; n++) {
    fail(n, step);
    if (gap > 0) {
      await sleep(gap * 1000);
    }
  }
}

const sdk = sdks[name](url, row.options);
// Node's own default is 10. After `start`, which may set one of its own.
Error.stackTraceLimit = 100;

async function main() {
  const step = entry(row.frames);
  await run(row.warm, 0.002, step);
  await sdk.flush(10_000);
  const before = cpu();
  await run(row.captures, row.gap, step);
  const times = took.sort((a, b) => a - b);
  await sdk.flush(60_000);
  const result = {
    version: sdk.version,
    p50: times[Math.floor(times.length / 2)] / 1e3,
    p99: times[Math.floor(times.length * 0.99)] / 1e3,
    cpu_before: before,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

main();
