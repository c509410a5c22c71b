// The mode for unhandled rejections, read from what Node was started with.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entries } from './native.mjs';

const { rejectionMode } = entries;

for (const [execArgv, nodeOptions, expected] of [
  [[], undefined, 'throw'],
  [[], '', 'throw'],
  [['--unhandled-rejections=warn'], undefined, 'warn'],
  [['--unhandled-rejections', 'none'], undefined, 'none'],
  [['--unhandled_rejections=strict'], undefined, 'strict'],
  [['--unhandled-rejections=warn', '--unhandled-rejections=strict'], undefined, 'strict'],
  [['--unhandled-rejections=warn-with-error-codes'], undefined, 'warn-with-error-code'],
  [['--unhandled-rejections=warn-with-error-code'], undefined, 'warn-with-error-code'],
  [['--inspect'], '--unhandled-rejections=none', 'none'],
  [['--unhandled-rejections=throw'], '--unhandled-rejections=none', 'throw'],
  [[], '  --no-warnings   "--unhandled-rejections=none"', 'none'],
  [[], '--require "./a b\\"c.js" --unhandled-rejections "warn"', 'warn'],
  // A value of another option, and what Node would not have started with.
  [[], '--title="x --unhandled-rejections=warn"', 'throw'],
  [['--unhandled-rejections=loud'], undefined, 'throw'],
  [['--unhandled-rejections'], undefined, 'throw'],
]) {
  test(`${execArgv.join(' ')} and NODE_OPTIONS=${nodeOptions}`, () => {
    assert.equal(rejectionMode(execArgv, nodeOptions), expected);
  });
}
