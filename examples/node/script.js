/**
 * A script that fails in several ways and ends with an uncaught error.
 *
 *     FAULTWIRE_DSN=http://KEY@HOST/1 node examples/node/script.js
 */

import { Worker, isMainThread } from 'node:worker_threads';

import * as faultwire from 'faultwire';

faultwire.init({ release: 'nightly@7', environment: 'demo' });

function parse(line) {
  return JSON.parse(line);
}

/** One file of many is bad: reported, and the job goes on. */
function handled() {
  for (const [name, line] of Object.entries({ 'a.csv': '17', 'b.csv': 'seventeen' })) {
    faultwire.withIsolationScope(() => {
      faultwire.setTag('file', name);
      faultwire.addBreadcrumb({ message: 'file opened', category: 'file', data: { name } });
      try {
        parse(line);
      } catch (error) {
        faultwire.captureException(error);
      }
    });
  }
}

/** The failure of a thread is reported, and so is what the thread captures by itself. */
function inAThread() {
  const worker = new Worker(new URL(import.meta.url));
  return new Promise((resolve) => worker.once('error', resolve));
}

function refresh(cache) {
  faultwire.captureMessage('refreshing', 'warning');
  return cache.entries;
}

/** A group is one event with all its members. */
function severalAtOnce() {
  const errors = [];
  for (const line of ['x', 'y']) {
    try {
      parse(line);
    } catch (error) {
      errors.push(error);
    }
  }
  faultwire.captureException(new AggregateError(errors, 'two files failed'));
}

/** A stack of one function. */
function recursion(depth = 0) {
  return recursion(depth + 1) + 1;
}

/** The uncaught one. Its message and a property of it hold a secret, neither of which is sent. */
function connect(password = 'hunter2') {
  const url = `postgres://nightly:${password}@db.internal/jobs`;
  throw Object.assign(new Error(`cannot reach ${url}`), { code: 'ECONNREFUSED', password });
}

if (isMainThread) {
  faultwire.captureMessage('nightly job started', 'info');
  handled();
  await inAThread();
  severalAtOnce();
  try {
    recursion();
  } catch (error) {
    faultwire.captureException(error);
  }
  connect();
} else {
  refresh(undefined);
}
