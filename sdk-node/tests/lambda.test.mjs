// Handlers of AWS Lambda: what the runtime gets to see is unchanged, and nothing is left behind when it freezes.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach, before, describe, test } from 'node:test';

import * as faultwire from 'faultwire';
import { wrapHandler } from 'faultwire/lambda';
import { captureEvents } from 'faultwire/testing';

import { PACKAGE, run } from './run.mjs';
import { Sink } from './sink.mjs';

const { awslambda, invoke } = createRequire(import.meta.url)('./lambda-runtime.cjs');
const error = () => new TypeError('no bread');
const later = (work) => setTimeout(work, 1);

describe('what the runtime sees', () => {
  let captured;
  before(() => {
    captured = captureEvents();
  });
  afterEach(() => captured.clear());
  after(() => captured.restore());

  for (const [what, handler, answer] of [
    ['an async handler', async (event) => ({ status: 200, got: event.n }), { status: 200, got: 1 }],
    ['one that gives nothing', async () => {}, undefined],
    ['one that gives a promise of its own', () => ({ then: (resolve) => resolve('thenable') }), 'thenable'],
    ['a callback', (event, context, callback) => void later(() => callback(null, 'called back')), 'called back'],
    ['a callback at once', (event, context, callback) => callback(undefined, 'at once'), 'at once'],
    ['context.succeed', (event, context) => later(() => context.succeed('done')) && undefined, 'done'],
    ['context.done', (event, context) => later(() => context.done(null, 'done')) && undefined, 'done'],
  ]) {
    test(`${what}: the answer`, async () => {
      const wrapped = wrapHandler(handler);
      assert.deepEqual(await invoke(wrapped, { n: 1 }), { answer });
      assert.deepEqual([wrapped.length, wrapped.name], [handler.length, handler.name]);
      assert.deepEqual(await captured.events(), []);
    });
  }

  for (const [what, fail] of [
    [
      'throws at once',
      (thrown) => () => {
        throw thrown;
      },
    ],
    [
      'rejects',
      (thrown) => async () => {
        throw thrown;
      },
    ],
    ['calls back with an error', (thrown) => (event, context, callback) => callback(thrown)],
    ['uses context.fail', (thrown) => (event, context) => void context.fail(thrown)],
    ['uses context.done', (thrown) => (event, context) => void later(() => context.done(thrown))],
  ]) {
    test(`a handler that ${what}: the very error, and one event of it`, async () => {
      const thrown = error();
      const outcome = await invoke(wrapHandler(fail(thrown)));
      assert.equal(outcome.error, thrown);
      const [event, ...more] = await captured.events();
      assert.deepEqual(more, []);
      const { type, mechanism } = event.exception.values.at(-1);
      assert.deepEqual([type, mechanism.type, mechanism.handled], ['TypeError', 'auto.lambda', false]);
      assert.equal(event.transaction, 'orders');
      const {
        remaining_time_in_millis: remaining,
        execution_duration_in_millis: took,
        aws_request_id: id,
        ...rest
      } = event.contexts['aws.lambda'];
      assert.ok(remaining > 2000 && remaining <= 3000 && took >= 0 && took < 1000);
      assert.match(id, /^request-\d+$/);
      assert.deepEqual(rest, {
        function_name: 'orders',
        function_version: '$LATEST',
        invoked_function_arn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
      });
    });
  }

  for (const what of ['wrapHandler(streamifyResponse(...))', 'streamifyResponse(wrapHandler(...))']) {
    const both = (handler) =>
      what.startsWith('wrap')
        ? wrapHandler(awslambda.streamifyResponse(handler, { highWaterMark: 10 }))
        : awslambda.streamifyResponse(wrapHandler(handler), { highWaterMark: 10 });

    test(`${what}: the response is streamed, a failure is captured`, async () => {
      const streams = both(async (event, stream, context) => {
        stream.write(`hello ${event.name} from ${context.functionName}`);
        stream.end();
        if (event.fails) throw error();
        return 'ended';
      });
      assert.equal(streams[Symbol.for('aws.lambda.runtime.handler.highWaterMark')], 10);
      assert.deepEqual(await invoke(streams, { name: 'Jane' }), {
        answer: 'ended',
        streamed: 'hello Jane from orders',
      });
      assert.equal((await invoke(streams, { fails: true })).error.message, 'no bread');
      const [event] = await captured.events();
      assert.equal(event.contexts['aws.lambda'].function_name, 'orders');
    });
  }

  test('a runtime that refuses callbacks takes wrapped handlers that have none', async () => {
    assert.deepEqual(
      await invoke(
        wrapHandler(async (event, context) => context.functionName),
        {},
        { callbacks: false },
      ),
      {
        answer: 'orders',
      },
    );
    assert.match(
      (
        await invoke(
          wrapHandler((event, context, callback) => callback()),
          {},
          { callbacks: false },
        )
      ).error.message,
      /Deprecated/,
    );
  });

  test('invocations do not share a scope, also where they overlap', async () => {
    const handler = wrapHandler(async ({ name }) => {
      faultwire.setTag(name, 'here');
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error(name);
    });
    await Promise.all(['a', 'b', 'c'].map((name) => invoke(handler, { name })));
    const events = await captured.events();
    assert.deepEqual(events.map(({ tags }) => Object.keys(tags).join()).sort(), ['a', 'b', 'c']);
    assert.equal(new Set(events.map((event) => event.contexts['aws.lambda'].aws_request_id)).size, 3);
  });

  test('a trace goes on', async () => {
    const headers = { TraceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    await invoke(
      wrapHandler(async () => {
        throw error();
      }),
      { headers },
    );
    const [event] = await captured.events();
    assert.equal(event.contexts.trace.trace_id, '0af7651916cd43dd8448eb211c80319c');
  });

  test('strange contexts and handlers', async () => {
    assert.equal(wrapHandler('not a function'), 'not a function');
    const throwing = new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
      },
    );
    for (const context of [undefined, null, 5, Object.freeze({ done() {} }), throwing]) {
      assert.equal(await wrapHandler(async () => 'fine')({}, context), 'fine');
      await assert.rejects(
        wrapHandler(async () => {
          throw error();
        })({}, context),
        { message: 'no bread' },
      );
      assert.throws(
        () =>
          wrapHandler(() => {
            throw error();
          })({}, context),
        { message: 'no bread' },
      );
    }
  });

  test('this and further properties of a handler stay', async () => {
    const handler = Object.assign(
      async function named() {
        return this;
      },
      { config: { a: 1 } },
    );
    const wrapped = wrapHandler(handler);
    assert.equal(wrapped.config, handler.config);
    const owner = { wrapped };
    assert.equal(await owner.wrapped({}, {}), owner);
  });
});

describe('a process that is frozen with its answer', () => {
  let sink;
  before(async () => {
    sink = await Sink.start();
  });
  afterEach(() => sink.reset());
  after(() => sink.close());

  // Frozen for good, which is the hardest case: nothing runs after the answer.
  const story = (handler, invocation = '{}', wrap = '') => `
    const { wrapHandler } = require(${JSON.stringify(`${PACKAGE}/dist/integrations/lambda.js`)});
    const { invoke } = require(${JSON.stringify(createRequire(import.meta.url).resolve('./lambda-runtime.cjs'))});
    fw.init({ stormFolding: false });
    const handler = wrapHandler(${handler}${wrap});
    const began = performance.now();
    invoke(handler, {}, ${invocation}).then(({ answer, error }) => {
      require('node:fs').writeSync(1, JSON.stringify({ answer, error: error?.message, took: performance.now() - began }));
      process.kill(process.pid, 'SIGKILL');
    });`;

  /** The outcome of a story, at one of several tries within so many milliseconds: a busy machine is not always busy. */
  async function within(limit, source) {
    const outcomes = [];
    while (outcomes.length < 5) {
      const outcome = JSON.parse((await run(source, sink)).stdout);
      if (outcome.took < limit) {
        return outcome;
      }
      outcomes.push(outcome);
    }
    assert.fail(`not within ${limit} ms: ${JSON.stringify(outcomes)}`);
  }

  for (const [what, handler, expected] of [
    [
      'rejects',
      `async () => { for (let n = 0; n < 20; n++) fw.captureMessage('m' + n); throw new Error('x'); }`,
      { error: 'x' },
    ],
    [
      'throws',
      `() => { for (let n = 0; n < 20; n++) fw.captureMessage('m' + n); throw new Error('x'); }`,
      { error: 'x' },
    ],
    [
      'answers',
      `async () => { for (let n = 0; n < 21; n++) fw.captureMessage('m' + n); return 'fine'; }`,
      { answer: 'fine' },
    ],
    [
      'calls back',
      `(e, c, done) => { for (let n = 0; n < 21; n++) fw.captureMessage('m' + n); done(null, 'fine'); }`,
      { answer: 'fine' },
    ],
  ]) {
    test(`a handler that ${what} leaves nothing behind`, async () => {
      const { stdout } = await run(story(handler), sink);
      const { took, ...outcome } = JSON.parse(stdout);
      assert.deepEqual(outcome, expected);
      assert.equal((await sink.wait(21)).length, 21);
    });
  }

  for (const how of [
    'async () => { throw new Error("x"); }',
    '() => { throw new Error("x"); }',
    '(e, c, done) => done(new Error("x"))',
  ]) {
    test(`with a server that stalls, ${how} answers before its time is over`, async () => {
      await sink.mode('stall');
      const { took, error: message } = await within(900, story(how, '{ timeout: 900 }'));
      assert.equal(message, 'x');
      assert.ok(took >= 500, `${took} ms`);
    });
  }

  test('flushTimeout bounds it further', async () => {
    await sink.mode('stall');
    await within(400, story('async () => { throw new Error("x"); }', '{}', ', { flushTimeout: 100 }'));
  });

  test('an invocation without captures is not held up', async () => {
    await sink.mode('stall');
    await within(200, story('async () => "fine"'));
  });
});
