// pino and winston: errors that are logged are events, once; other lines are breadcrumbs.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { afterEach, describe, test } from 'node:test';

import * as faultwire from 'faultwire';
import { watchLogger } from 'faultwire/pino';
import { captureEvents } from 'faultwire/testing';
import { FaultwireTransport } from 'faultwire/winston';

const require = createRequire(import.meta.url);

let captured;
afterEach(() => captured.restore());

/** Where a logger writes to; what it wrote is in `lines`. */
class Memory extends Writable {
  lines = [];
  _write(chunk, _encoding, done) {
    this.lines.push(String(chunk));
    done();
  }
}

const summary = ({ exception, logentry, level, logger }) => {
  const last = exception?.values.at(-1);
  return [
    last === undefined ? logentry.formatted : `${last.type}: ${last.value} (${last.mechanism.type})`,
    level,
    logger,
  ];
};

for (const name of ['pino', 'pino-9', 'pino-5']) {
  describe(name, () => {
    const pino = require(name);
    const make = (options = {}, memory = new Memory()) => watchLogger(pino({ name: 'shop', ...options }, memory));

    test('errors become events with what was logged beside them, other lines breadcrumbs', async () => {
      captured = captureEvents();
      faultwire.withIsolationScope(() => {
        const logger = make();
        logger.debug('not even logged');
        logger.info({ n: 1 }, 'opened %s', 'the shop');
        logger.warn('low on bread');
        logger.child({ request: 'r-1' }).error({ err: new TypeError('no bread'), table: 4 }, 'order failed');
        logger.error(new RangeError('alone'));
        logger.error({ table: 5 }, 'only %s', 'words');
        logger.fatal('the end');
      });
      const events = await captured.events();
      assert.deepEqual(events.map(summary), [
        ['TypeError: no bread (auto.pino)', 'error', 'shop'],
        ['RangeError: alone (auto.pino)', 'error', 'shop'],
        ['only words', 'error', 'shop'],
        ['the end', 'fatal', 'shop'],
      ]);
      const [first, , third] = events;
      assert.deepEqual(first.extra, { request: 'r-1', table: 4, log_message: 'order failed' });
      assert.deepEqual(third.extra, { table: 5 });
      assert.equal(first.exception.values[0].mechanism.handled, true);
      const crumbs = first.breadcrumbs.values.map(({ category, level, message }) => [category, level, message]);
      assert.deepEqual(crumbs, [
        ['shop', 'info', 'opened the shop'],
        ['shop', 'warning', 'low on bread'],
      ]);
      assert.equal(events[3].breadcrumbs.values.length, 5);
    });

    test('an error that is logged and then captured is one event', async () => {
      captured = captureEvents();
      const error = new TypeError('once');
      make().error(error);
      const first = faultwire.lastEventId();
      assert.equal(faultwire.captureException(error), first);
      make().error({ err: error }, 'again');
      assert.equal((await captured.events()).length, 1);
    });

    test('what the application hides from its log is hidden from events', async () => {
      captured = captureEvents();
      make({ redact: ['patient.name'] }).error({ patient: { name: 'Jane', ward: 3 } }, 'lost');
      const [event] = await captured.events();
      assert.deepEqual(event.extra, { patient: { name: '[Redacted]', ward: 3 } });
    });

    test('what only looks like an error is shown as it was logged', async () => {
      captured = captureEvents();
      make().error({ err: { code: 5 } }, 'odd');
      const [event] = await captured.events();
      assert.equal(event.exception, undefined);
      assert.equal(event.extra.err.code, 5);
    });

    test('what is written is the same with us and without', () => {
      captured = captureEvents();
      const options = { timestamp: false };
      const [watched, plain] = [new Memory(), new Memory()];
      for (const logger of [make(options, watched), pino({ name: 'shop', ...options }, plain)]) {
        logger.info({ a: 1 }, 'x %d', 2);
        logger.error(Object.assign(new Error('e'), { stack: 'fixed' }));
        logger.child({ c: 1 }).warn(null);
      }
      assert.deepEqual(watched.lines, plain.lines);
    });

    test('levels of the options count, and no logger logs itself into a loop', async () => {
      const logger = make();
      captured = captureEvents({
        logEventLevel: 'warning',
        logBreadcrumbLevel: 'never',
        beforeSend: (event) => {
          logger.error('from the hook');
          return event;
        },
      });
      logger.info('not kept');
      logger.warn('an event');
      const events = await captured.events();
      assert.deepEqual(events.map(summary), [['an event', 'warning', 'shop']]);
      assert.equal(events[0].breadcrumbs, undefined);
    });
  });
}

test('a watched logger is watched once, and no logger is left alone', () => {
  captured = captureEvents();
  const logger = require('pino-9')({}, new Memory());
  assert.equal(watchLogger(watchLogger(logger)), logger);
  logger.error('x');
  assert.equal(faultwire.stats().captured, 1);
  const none = { log() {} };
  assert.equal(watchLogger(none), none);
});

describe('winston', () => {
  const winston = require('winston');
  const { format } = winston;

  /** A logger that writes to memory, and what it wrote. */
  function make(options = {}, ours = {}) {
    const memory = new Memory();
    const transports = [new winston.transports.Stream({ stream: memory }), new FaultwireTransport(ours)];
    return { logger: winston.createLogger({ transports, ...options }), lines: memory.lines };
  }

  test('errors become events with what was logged beside them, other lines breadcrumbs', async () => {
    captured = captureEvents();
    const { logger } = make({ defaultMeta: { service: 'shop' } });
    faultwire.withIsolationScope(() => {
      faultwire.setTag('request', 'r-1');
      logger.debug('not even logged');
      logger.info('opened', { n: 1 });
      logger.warn('low on bread');
      logger.error('order failed', Object.assign(new TypeError('no bread'), { code: 'E_BREAD' }));
      logger.error(new RangeError('alone'));
      logger.error({ message: new SyntaxError('as a message') });
      logger.child({ table: 4 }).error('with a member', { err: new URIError('inside') });
      logger.error('only words', { table: 5 });
    });
    const events = await captured.events();
    assert.deepEqual(events.map(summary), [
      ['TypeError: no bread (auto.winston)', 'error', 'winston'],
      ['RangeError: alone (auto.winston)', 'error', 'winston'],
      ['SyntaxError: as a message (auto.winston)', 'error', 'winston'],
      ['URIError: inside (auto.winston)', 'error', 'winston'],
      ['only words', 'error', 'winston'],
    ]);
    assert.ok(events.every((event) => event.tags.request === 'r-1'));
    assert.equal(events[0].extra.TypeError.code, 'E_BREAD');
    assert.equal(events[0].extra.service, 'shop');
    assert.equal(events[3].extra.table, 4);
    assert.deepEqual(events[4].extra, { service: 'shop', table: 5 });
    const crumbs = events[0].breadcrumbs.values.map(({ category, level, message }) => [category, level, message]);
    assert.deepEqual(crumbs, [
      ['winston', 'info', 'opened'],
      ['winston', 'warning', 'low on bread'],
    ]);
  });

  for (const [what, used] of Object.entries({
    'no format': undefined,
    'errors and json': format.combine(format.errors({ stack: true }), format.timestamp(), format.json()),
    'errors, splat and simple': format.combine(format.errors(), format.splat(), format.simple()),
  })) {
    test(`an error that is logged and then thrown on is one event, with ${what}`, async () => {
      captured = captureEvents();
      const { logger } = make({ format: used });
      for (const log of [
        (e) => logger.error(e),
        (e) => logger.error('failed', e),
        (e) => logger.error('failed', { error: e }),
      ]) {
        const error = new TypeError('once');
        log(error);
        assert.equal(faultwire.captureException(error), faultwire.lastEventId());
      }
      assert.equal((await captured.events()).length, 3);
    });
  }

  test('what a format hides or drops is hidden from events', async () => {
    captured = captureEvents();
    const hide = format((info) => (info.quiet ? false : { ...info, patient: '***' }));
    const { logger } = make({ format: format.combine(hide(), format.json()) });
    logger.error('lost', { patient: 'Jane' });
    logger.error('dropped', { quiet: true });
    const events = await captured.events();
    assert.deepEqual(
      events.map((event) => event.extra),
      [{ patient: '***' }],
    );
  });

  test('what is written is the same with us and without', () => {
    captured = captureEvents();
    const written = [[new FaultwireTransport()], []].map((ours) => {
      const memory = new Memory();
      const transports = [new winston.transports.Stream({ stream: memory }), ...ours];
      const logger = winston.createLogger({
        transports,
        format: format.combine(format.errors(), format.splat(), format.json()),
      });
      logger.info('x %d', 2, { a: 1 });
      logger.error(new Error('e'));
      logger.child({ c: 1 }).warn('child');
      return memory.lines;
    });
    assert.equal(written[0].length, 3);
    assert.deepEqual(written[0], written[1]);
  });

  test('level and silent of the transport count', async () => {
    captured = captureEvents({ logEventLevel: 'debug' });
    make({ level: 'debug' }, { level: 'warn' }).logger.info('too low').warn('kept');
    make({}, { silent: true }).logger.error('silent');
    make({ level: 'crit', levels: winston.config.syslog.levels }).logger.error('too low').emerg('syslog');
    const events = await captured.events();
    assert.deepEqual(events.map(summary), [
      ['kept', 'warning', 'winston'],
      ['syslog', 'fatal', 'winston'],
    ]);
  });

  test('a transport that is taken off looks at nothing, and added again at each line once', async () => {
    captured = captureEvents();
    const transport = new FaultwireTransport();
    const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream: new Memory() })] });
    logger.add(transport);
    logger.error('one');
    logger.remove(transport);
    logger.error('two');
    logger.add(transport);
    logger.error('three');
    assert.deepEqual(
      (await captured.events()).map((event) => event.logentry.formatted),
      ['one', 'three'],
    );
  });

  test('one transport serves several loggers, each with its own level', async () => {
    captured = captureEvents({ logEventLevel: 'debug' });
    const ours = new FaultwireTransport();
    const [quiet, loud] = ['error', 'debug'].map((level) => winston.createLogger({ level, transports: [ours] }));
    quiet.info('too low');
    loud.info('kept');
    quiet.error('kept, too');
    assert.deepEqual(
      (await captured.events()).map((event) => event.logentry.formatted),
      ['kept', 'kept, too'],
    );
  });

  test('a logger that is configured anew is still looked at', async () => {
    captured = captureEvents();
    const { logger } = make();
    logger.configure({ format: format.simple(), transports: [new FaultwireTransport()] });
    logger.error('one');
    logger.format = format.json();
    logger.error('two');
    await new Promise(setImmediate);
    assert.equal((await captured.events()).length, 2);
  });
});
