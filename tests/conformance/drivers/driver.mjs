// Runs one scenario in Node: `driver.mjs SCENARIO.json LIFE`. The form: ../scenarios/README.md.

import { readFileSync, readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const faultwire = createRequire(import.meta.url)('../../../sdk-node');

class OrderFailed extends Error {}
class StockMissing extends Error {}
class DatabaseDown extends Error {}
class Expected extends Error {}
const CLASSES = { OrderFailed, StockMissing, DatabaseDown, Expected };
for (const [name, kind] of Object.entries(CLASSES)) {
  kind.prototype.name = name;
}

/** The first of the chain, caused by the next. */
function made([[kind, message], ...causes]) {
  return new CLASSES[kind](message, causes.length > 0 ? { cause: made(causes) } : undefined);
}

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const milliseconds = (seconds) => seconds * 1000;
const TIMES = ['shutdown_timeout', 'storm_window', 'spool_max_age'];

/** Members of objects side by side; anything else replaced. */
function merged(told, more) {
  for (const [key, value] of Object.entries(more)) {
    told[key] = isMap(told[key]) && isMap(value) ? { ...told[key], ...value } : value;
  }
  return told;
}

/** `{merge: {...}}`, `{drop: true}` or `{throw: true}`, as a function. */
function hook(order) {
  return (
    order &&
    ((told) => {
      if (order.throw) {
        throw new DatabaseDown('within a hook');
      }
      return order.drop ? null : merged(told, order.merge);
    })
  );
}

// Milliseconds to wait for counters at most.
const LIMIT = 20_000;

const scopes = [];
let turn = 0;

function print(op, result = null) {
  writeSync(1, `${JSON.stringify({ op, result: result ?? null })}\n`);
}

function readLine() {
  const byte = Buffer.alloc(1);
  while (readSync(0, byte) === 1 && byte[0] !== 10) {}
}

function say({ op, on, ...values }) {
  const layer = { global: faultwire.globalScope(), scope: scopes.at(-1) }[on] ?? faultwire;
  layer[camel(op)](...Object.values(values));
}

/**
 * Does the steps, in one go as far as none of them has to be waited for: a stack that goes through `await` is another
 * one than that of the first turn.
 */
function play(steps, from = 0) {
  for (let at = from; at < steps.length; at++) {
    const pending = play1(steps[at]);
    if (pending instanceof Promise) {
      return pending.then(() => play(steps, at + 1));
    }
  }
}

function play1(step) {
  if (/^(set|remove|add|clear)_/.test(step.op)) {
    return say(step);
  }
  if (step.op in BLOCKS) {
    return BLOCKS[step.op](step);
  }
  const result = CALLS[step.op](step);
  return result instanceof Promise ? result.then((done) => print(step.op, done)) : print(step.op, result);
}

const BLOCKS = {
  with_scope: ({ steps }) =>
    faultwire.withScope((scope) => {
      scopes.push(scope);
      const pending = play(steps);
      const close = () => void scopes.pop();
      return pending === undefined ? close() : pending.then(close);
    }),
  isolation: ({ steps }) => faultwire.withIsolationScope(() => play(steps)),
  repeat({ times, steps }) {
    for (turn = 1; turn <= times; turn++) {
      if (play(steps) !== undefined) {
        throw new Error('what is repeated must not wait');
      }
    }
  },
  // Another mode of the server: the other side sets it, then goes on with this one.
  sink() {
    print('sink');
    readLine();
  },
};

const CALLS = {
  init({ options, before_send, before_breadcrumb, sampler_drops }) {
    const ours = Object.entries(options).map(([name, value]) => [
      camel(name),
      TIMES.includes(name) ? milliseconds(value) : value,
    ]);
    try {
      faultwire.init({
        ...Object.fromEntries(ours),
        beforeSend: hook(before_send),
        beforeBreadcrumb: hook(before_breadcrumb),
        errorSampler: sampler_drops && (({ level, transaction }) => +!sampler_drops.includes(`${level} ${transaction}`)),
      });
    } catch (error) {
      if (!(error instanceof faultwire.FaultwireError)) {
        throw error;
      }
      return { kind: error.kind, field: snake(error.field) };
    }
  },
  capture_exception: ({ chain }) => CALLS.capture_same({ chain, times: 1 })[0],
  capture_same({ chain, times }) {
    const error = made(chain.map(([kind, message]) => [kind, message.replaceAll('{n}', String(turn))]));
    return Array.from({ length: times }, () => faultwire.captureException(error) ?? null);
  },
  capture_message: ({ message, level }) => faultwire.captureMessage(message, level),
  capture_event: ({ event }) => faultwire.captureEvent(event),
  last_event_id: () => faultwire.lastEventId(),
  is_enabled: () => faultwire.isEnabled(),
  flush: ({ timeout }) => faultwire.flush(milliseconds(timeout)),
  close: ({ timeout }) => faultwire.close(milliseconds(timeout)),
  continue_trace: ({ header }) => faultwire.continueTrace(header),
  stats({ until = {} }) {
    const end = performance.now() + LIMIT;
    for (;;) {
      const stats = faultwire.stats();
      if (performance.now() > end || Object.entries(until).every(([name, value]) => stats[name] === value)) {
        return stats;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  },
  throw: ({ chain }) =>
    // Not as a rejection: from a turn of the event loop of its own.
    new Promise(() => {
      setImmediate(() => {
        throw made(chain);
      });
    }),
};

const [path, life] = process.argv.slice(2);
await play(JSON.parse(readFileSync(path, 'utf8')).lives[Number(life)].steps);
