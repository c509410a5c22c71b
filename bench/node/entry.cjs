// The sample application, where `sample.py` has written it.

'use strict';

const { join } = require('node:path');

const MODULES = 10;
const FUNCTIONS = 5;
// What calls the first step: `fail`, `run` and `main` of drive.cjs; later captures come after an `await`.
const OUTSIDE = 3;

/** The function whose call leaves a stack of `frames` frames, those of the harness included. */
exports.entry = (frames) => {
  const i = MODULES * FUNCTIONS - (frames - OUTSIDE);
  const step = Math.max(i, 0);
  const module = require(join(__dirname, '..', '..', '.bench', 'app', 'shop-js', `part${Math.floor(step / FUNCTIONS)}.js`));
  return module[`step${String(step).padStart(2, '0')}`];
};
