// The active span of OpenTelemetry, if the application has it.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';

import { ROOT_CONTEXT, context, trace } from '@opentelemetry/api';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';

import { ask, listen, shut } from './http-client.mjs';
import { run } from './run.mjs';
import { Sink } from './sink.mjs';

const IDS = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };

/** A context manager as the SDK for Node has it. */
class Manager {
  storage = new AsyncLocalStorage();
  active = () => this.storage.getStore() ?? ROOT_CONTEXT;
  with = (active, work, self, ...values) => this.storage.run(active, () => work.apply(self, values));
  bind = (active, target) => target;
  enable = () => this;
  disable = () => this;
}

let captured;
beforeEach(() => {
  captured = captureEvents({ stormFolding: false });
});
afterEach(() => {
  context.disable();
  captured.restore();
});

const inSpan = (ids, work) => context.with(trace.setSpan(context.active(), trace.wrapSpanContext(ids)), work);

test("an event has the active span's ids, in a request and elsewhere", async () => {
  context.setGlobalContextManager(new Manager());
  inSpan(IDS, () => faultwire.captureMessage('elsewhere'));
  const server = createServer((request, response) =>
    inSpan(IDS, async () => {
      await null;
      faultwire.captureMessage('request');
      response.end();
    }),
  );
  await ask(await listen(server), { headers: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` } });
  await shut(server);
  faultwire.captureMessage('no span');
  const [elsewhere, request, none] = await captured.events();
  for (const event of [elsewhere, request]) {
    const { trace_id, span_id, parent_span_id } = event.contexts.trace;
    assert.deepEqual([trace_id, span_id, parent_span_id], [IDS.traceId, IDS.spanId, undefined]);
  }
  assert.ok(request.request.url);
  assert.notEqual(none.contexts.trace?.trace_id, IDS.traceId);
});

test('spans that are none, and hostile ones', async () => {
  context.setGlobalContextManager(new Manager());
  const broken = [{ traceId: '0'.repeat(32), spanId: '0'.repeat(16) }, { traceId: 5, spanId: {} }, undefined].map(
    (ids) => ({ spanContext: () => ids }),
  );
  broken.push(
    {},
    { spanContext: 5 },
    {
      spanContext() {
        throw new Error('span');
      },
    },
  );
  for (const span of broken) {
    context.with(trace.setSpan(context.active(), span), () => assert.ok(faultwire.captureMessage('x')));
  }
  assert.ok(
    (await captured.events()).every(
      (event) => event.contexts.trace?.span_id === undefined || /^[0-9a-f]{16}$/.test(event.contexts.trace.span_id),
    ),
  );
});

test('switched off, or with nothing loaded, there is no trace of it', async () => {
  faultwire.captureMessage('nothing registered');
  captured.restore();
  captured = captureEvents({ disabledIntegrations: ['opentelemetry'] });
  context.setGlobalContextManager(new Manager());
  inSpan(IDS, () => faultwire.captureMessage('off'));
  const [event] = await captured.events();
  assert.notEqual(event.contexts.trace?.trace_id, IDS.traceId);
});

test('it is never required', async () => {
  const sink = await Sink.start();
  const { stdout } = await run(
    `fw.init(); fw.captureMessage('x'); console.log(Object.keys(require.cache).some((file) => /opentelemetry.api/.test(file)));`,
    sink,
  );
  assert.equal(stdout, 'false\n');
  await sink.wait(1);
  await sink.close();
});
