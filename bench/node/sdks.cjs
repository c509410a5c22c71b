// The SDKs under test, each as `start(url, options)`, `capture(error)` and `flush(milliseconds)`.
// Requires stand inside: a process loads the one it measures.

'use strict';

const { join } = require('node:path');

const ROOT = join(__dirname, '..', '..');
const PEERS = join(ROOT, '.bench', 'peers-node', 'node_modules');

const dsn = (url) => `${url.replace('://', '://0123456789abcdef0123456789abcdef@')}/1`;

/** No SDK: what the harness itself costs. */
exports.noop = () => ({ version: '', capture() {}, async flush() {} });

/** No SDK either: V8 writes the text of the stack, which every SDK for Node has to ask for. */
exports.stack = () => ({ version: '', capture: (error) => error.stack, async flush() {} });

exports.faultwire = (url, options) => {
  const faultwire = require(join(ROOT, 'sdk-node'));
  faultwire.init({ dsn: dsn(url), ...options });
  return { version: faultwire.VERSION, capture: faultwire.captureException, flush: faultwire.flush };
};

exports['@sentry/node'] = (url, options) => {
  const sentry = require(join(PEERS, '@sentry', 'node'));
  sentry.init({ dsn: dsn(url), ...options });
  return { version: sentry.SDK_VERSION, capture: sentry.captureException, flush: sentry.flush };
};
