// NestJS on Express: an error is captured if the answer is a failure, whichever filter gives it.

import 'reflect-metadata';

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  Catch,
  Controller,
  Get,
  HttpException,
  Module,
  NotFoundException,
  Param,
  Post,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as faultwire from 'faultwire';
import { captureEvents } from 'faultwire/testing';
import { catchError, of } from 'rxjs';

import { ask } from './http-client.mjs';

/** What the TypeScript compiler makes of decorators. */
function decorate(target, method, ...decorators) {
  const property = method === undefined ? undefined : Object.getOwnPropertyDescriptor(target.prototype, method);
  for (const decorator of decorators) {
    decorator(property === undefined ? target : target.prototype, method, property);
  }
}

class NotThere extends Error {}
class Down extends Error {}

class Orders {
  async fail(id) {
    faultwire.setTag('id', id);
    await sleep(Math.random() * 3);
    throw new Error(`failed ${id}`);
  }
  notFound() {
    throw new NotFoundException();
  }
  filtered() {
    throw new NotThere('not there');
  }
  down() {
    throw new Down('down');
  }
  teapot() {
    throw new HttpException('upstream', 502);
  }
  once() {
    const error = new Error('once');
    faultwire.captureException(error);
    throw error;
  }
  mended() {
    throw new Error('mended');
  }
  fine() {
    return { fine: true };
  }
}

class Filter {
  catch(error, host) {
    const response = host.switchToHttp().getResponse();
    response.status(error instanceof NotThere ? 404 : 503).json({ sorry: error.message });
  }
}
decorate(Filter, undefined, Catch(NotThere, Down));

class Mend {
  intercept(context, next) {
    return next.handle().pipe(catchError(() => of('mended')));
  }
}

const id = Param('id');
for (const method of ['fail']) id(Orders.prototype, method, 0);
decorate(Orders, 'fail', Post(':id'));
for (const [method, path] of [
  ['notFound', 'not-found'],
  ['filtered', 'filtered'],
  ['down', 'down'],
  ['teapot', 'teapot'],
  ['once', 'once'],
  ['mended', 'mended'],
  ['fine', 'fine'],
]) {
  decorate(Orders, method, Get(path));
}
decorate(Orders, 'mended', UseInterceptors(new Mend()));
decorate(Orders, undefined, Controller('orders'), UseFilters(new Filter()));
class App {}
decorate(App, undefined, Module({ controllers: [Orders] }));

let captured;
let app;
let url;
beforeEach(async () => {
  captured = captureEvents({ stormFolding: false });
  app = await NestFactory.create(App, { logger: false });
  faultwire.setupNestErrorHandler(app);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterEach(async () => {
  await app.close();
  captured.restore();
});

test('an error: its route, its request, its tags; the answer is that of nest', async () => {
  const { status, text } = await ask(`${url}/orders/5?api_key=seeded-secret`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: 'sid=seeded-secret' },
    body: '{"item":"tea","password":"seeded-secret"}',
  });
  assert.deepEqual([status, JSON.parse(text)], [500, { statusCode: 500, message: 'Internal server error' }]);
  const [event, more] = await captured.events();
  assert.equal(more, undefined);
  const { type, handled } = event.exception.values[0].mechanism;
  assert.deepEqual([type, handled], ['auto.http.nestjs', false]);
  assert.equal(event.exception.values[0].value, 'failed 5');
  assert.equal(event.transaction, '/orders/:id');
  assert.equal(event.request.url, `${url}/orders/5`);
  assert.match(JSON.stringify(event.request.data), /tea/);
  assert.deepEqual(event.tags, { id: '5' });
  assert.ok(event.sdk.integrations.includes('nestjs'));
  assert.doesNotMatch(JSON.stringify(event), /seeded-secret/);
});

test('what answers below 500 is no failure: exceptions, filters, interceptors', async () => {
  const answers = [];
  for (const path of ['not-found', 'filtered', 'mended', 'fine', 'nowhere/at/all']) {
    const { status, text } = await ask(`${url}/orders/${path}`);
    answers.push([status, text.length > 30 ? '' : text]);
  }
  assert.deepEqual(answers, [
    [404, answers[0][1]],
    [404, '{"sorry":"not there"}'],
    [200, 'mended'],
    [200, '{"fine":true}'],
    [404, ''],
  ]);
  assert.deepEqual(await captured.events(), []);
});

test("failures by a filter's or an exception's own status, and one that was captured before", async () => {
  const answers = [];
  for (const path of ['down', 'teapot', 'once']) {
    answers.push((await ask(`${url}/orders/${path}`)).status);
  }
  assert.deepEqual(answers, [503, 502, 500]);
  const events = await captured.events();
  assert.deepEqual(
    events.map((event) => event.exception.values[0].value),
    ['down', 'upstream', 'once'],
  );
});

test('200 requests at once keep apart', async () => {
  await Promise.all(Array.from({ length: 200 }, (_, n) => ask(`${url}/orders/${n}`, { method: 'POST' })));
  const events = await captured.events();
  assert.equal(new Set(events.map((event) => event.tags.id)).size, 200);
  for (const { tags, exception, request } of events) {
    assert.equal(exception.values[0].value, `failed ${tags.id}`);
    assert.equal(new URL(request.url).pathname, `/orders/${tags.id}`);
  }
});
