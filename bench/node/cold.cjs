// Import and `init` in a fresh process: `node cold.cjs SDK`; "noop" is a bare one.

'use strict';

const { existsSync, readFileSync } = require('node:fs');

const start = require('./sdks.cjs')[process.argv[2]];
const before = process.hrtime.bigint();
start('http://127.0.0.1:9', {});
const took = Number(process.hrtime.bigint() - before) / 1e6;

const ROLLUP = '/proc/self/smaps_rollup';
const memory = existsSync(ROLLUP) ? readFileSync(ROLLUP, 'utf8') : '';
const megabytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) / 1024;
const result = { ms: took, rss: megabytes('Rss'), private: megabytes('Private_Clean') + megabytes('Private_Dirty') };
process.stdout.write(`${JSON.stringify(result)}\n`);
process.reallyExit(0);
