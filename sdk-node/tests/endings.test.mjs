// Errors and rejections that nobody handled: they arrive, and what the process prints and how it ends stays the same.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { run } from './run.mjs';
import { Sink } from './sink.mjs';
import { twins } from './twin.mjs';

let sink;
before(async () => {
  sink = await Sink.start();
});
afterEach(() => sink.reset());
after(() => sink.close());

/** Types of what arrived, with level and mechanism; a moment is given to what should not be there. */
async function arrived(count) {
  const events = count === 0 ? await sink.events() : await sink.wait(count);
  return events.map(({ level, exception }) => {
    const { type, mechanism } = exception.values.at(-1);
    return `${type} ${level} ${mechanism.type} ${mechanism.handled}`;
  });
}

const THROWN = 'TypeError fatal auto.uncaughtException false';
const FATAL = 'TypeError fatal auto.unhandledRejection false';
const SEEN = 'TypeError error auto.unhandledRejection false';

/** Node calls one listener from another line of its own than several. */
const EMIT = /node:events:\d+:\d+/g;

const WITH_MAP = Buffer.from(
  JSON.stringify({
    version: 3,
    sources: ['app.ts'],
    sourcesContent: ['type Of = unknown;\nfunction fail(of: Of): never { throw new TypeError("mapped"); }\nfail(1);\n'],
    names: [],
    mappings: 'AACA,cAA8B,MAAM,IAAI,UAAU,QAAQ;AAC1D',
  }),
).toString('base64');

describe('an uncaught error', () => {
  const stories = {
    'in CommonJS': { 'app.cjs': 'function fail() {\n  throw new TypeError("nobody caught this");\n}\nfail();\n' },
    'in an ES module': {
      'app.mjs': 'export function fail() {\n  throw new TypeError("nobody caught this");\n}\nfail();\n',
    },
    'in a timer': { 'app.cjs': 'setTimeout(() => { throw new TypeError("later"); }, 1);\n' },
    'after a top-level await': { 'app.mjs': 'await 1;\nconst { x } = await Promise.resolve(null);\n' },
    'with a cause': {
      'app.cjs': 'try { JSON.parse("{"); } catch (cause) { throw new TypeError("no config", { cause }); }\n',
    },
    'with properties': {
      'app.cjs': 'throw Object.assign(new TypeError("x"), { code: "E_X", inner: { a: [1, 2] } });\n',
    },
    'with a stack of its own': { 'app.cjs': 'const e = new TypeError("x"); e.stack = "what I say"; throw e;\n' },
    'with prepareStackTrace': {
      'app.cjs': 'Error.prepareStackTrace = (e, sites) => `${e} <- ${sites.length > 0}`;\nthrow new TypeError("x");\n',
    },
    'from an error listener that is missing': {
      'app.cjs': 'new (require("node:events"))().emit("error", new TypeError("emitted"));\n',
    },
    'that is frozen': { 'app.cjs': 'throw Object.freeze(new TypeError("x"));\n' },
  };
  for (const [what, files] of Object.entries(stories)) {
    test(what, async () => {
      const { code } = await twins(files, sink);
      assert.equal(code, 1);
      const [event] = await arrived(1);
      // Node runs the body of a module as a promise.
      assert.equal(event, files['app.mjs'] === undefined ? THROWN : FATAL);
    });
  }

  test('with source maps', async () => {
    const app = `function fail(of) { throw new TypeError("mapped"); }\nfail(1);\n//# sourceMappingURL=data:application/json;base64,${WITH_MAP}\n`;
    const { stderr } = await twins({ 'app.cjs': app }, { ...sink, dsn: sink.dsn, node: ['--enable-source-maps'] });
    assert.match(stderr, /app\.ts:2/);
    assert.deepEqual(await arrived(1), [THROWN]);
  });

  for (const thrown of ['"text"', '{ code: 5 }', 'null', 'undefined', 'Symbol("s")', '() => {}', 'new Proxy({}, {})']) {
    test(`that is no error: ${thrown}`, async () => {
      const { code } = await twins({ 'app.cjs': `setTimeout(() => { throw ${thrown}; }, 1);\n` }, sink);
      assert.equal(code, 1);
      assert.match((await arrived(1))[0], /fatal auto\.uncaughtException false$/);
    });
  }

  const flags = { '--trace-uncaught': THROWN, '--stack-trace-limit=2': THROWN, '--stack-trace-limit=0': THROWN };
  for (const [flag, expected] of Object.entries(flags)) {
    test(flag, async () => {
      await twins(stories['in CommonJS'], { dsn: sink.dsn, node: [flag] });
      assert.deepEqual(await arrived(1), [expected]);
    });
  }
});

/** By mode: what arrives of a rejection with an error, when the application does not listen. */
const MODES = {
  throw: [1, FATAL],
  strict: [1, FATAL],
  warn: [0, SEEN],
  none: [0, SEEN],
  'warn-with-error-code': [1, SEEN],
};
const REASONS = {
  'an error': 'new TypeError("nobody handled this")',
  'an error with a cause': 'new TypeError("outer", { cause: new RangeError("inner") })',
  'a text': '"text"',
  'an object': '{ code: 5, toString: () => "shown" }',
  nothing: 'undefined',
};

describe('an unhandled rejection', () => {
  for (const [mode, [expectedCode, expected]] of Object.entries(MODES)) {
    const flag = `--unhandled-rejections=${mode}`;
    for (const [what, reason] of Object.entries(REASONS)) {
      test(`of ${what}, mode ${mode}`, async () => {
        const app = `async function fail() {\n  throw ${reason};\n}\nfail();\nsetTimeout(() => console.log('on'), 20);\n`;
        const { code } = await twins({ 'app.cjs': app }, { dsn: sink.dsn, node: [flag] });
        assert.equal(code, expectedCode);
        const [event, ...more] = await arrived(1);
        assert.deepEqual(more, []);
        assert.equal(what.startsWith('an error') ? event : event.replace(/^\w+/, 'TypeError'), expected);
      });
    }

    test(`mode ${mode} by NODE_OPTIONS`, async () => {
      const env = { NODE_OPTIONS: `--no-deprecation "--unhandled-rejections=${mode}"` };
      const { code } = await twins({ 'app.mjs': 'Promise.reject(new TypeError("x"));\n' }, { dsn: sink.dsn, env });
      assert.equal(code, expectedCode);
      assert.deepEqual(await arrived(1), [expected]);
    });

    test(`the application listens, mode ${mode}`, async () => {
      const app = `process.on('unhandledRejection', (reason, promise) => console.log('own', reason.message, promise instanceof Promise));
        setTimeout(() => console.log('on'), 20);
        Promise.reject(new TypeError('x'));\n`;
      await twins({ 'app.cjs': app }, { dsn: sink.dsn, node: [flag] });
      assert.deepEqual(await arrived(1), [mode === 'strict' ? FATAL : SEEN]);
    });

    test(`the application stops listening, mode ${mode}`, async () => {
      const app = `process.once('unhandledRejection', (reason) => console.log('own', reason.message));
        Promise.reject(new TypeError('first'));
        setTimeout(() => Promise.reject(new TypeError('second')), 5);
        setTimeout(() => console.log('on'), 30);\n`;
      await twins({ 'app.cjs': app }, { dsn: sink.dsn, node: [flag] });
      const second = { throw: [FATAL], strict: [] }[mode] ?? [SEEN];
      assert.deepEqual(await arrived(1 + second.length), [mode === 'strict' ? FATAL : SEEN, ...second]);
    });
  }

  test('the last mode on the command line counts, and goes before NODE_OPTIONS', async () => {
    const node = ['--unhandled-rejections', 'throw', '--unhandled_rejections=warn'];
    const env = { NODE_OPTIONS: '--unhandled-rejections=strict' };
    const { code } = await twins({ 'app.cjs': 'Promise.reject(new TypeError("x"));\n' }, { dsn: sink.dsn, node, env });
    assert.equal(code, 0);
    assert.deepEqual(await arrived(1), [SEEN]);
  });

  for (const mode of Object.keys(MODES)) {
    test(`handled later, mode ${mode}`, async () => {
      const app = `process.on('rejectionHandled', () => console.log('handled'));
        const late = Promise.reject(new TypeError('late'));
        setTimeout(() => late.catch((e) => console.log('caught', e.message)), 10);\n`;
      await twins({ 'app.cjs': app }, { dsn: sink.dsn, node: [`--unhandled-rejections=${mode}`] });
      await arrived(1);
    });
  }

  test('of texts: what was rejected with is told, and tells issues apart', async () => {
    for (const reason of ['no bread', 'no "butter" left']) {
      await run(`fw.init({}); Promise.reject(${JSON.stringify(reason)});`, sink);
    }
    const events = await sink.wait(2);
    const told = events.map((event) => event.exception.values.at(-1)).map(({ type, value }) => `${type}: ${value}`);
    assert.deepEqual(told, ['UnhandledPromiseRejection: no bread', 'UnhandledPromiseRejection: no "butter" left']);
    assert.notEqual(...events.map((event) => event.contexts.faultwire.fingerprint));
  });

  test('one that is handled in the same turn is none', async () => {
    const app = `const p = Promise.reject(new TypeError('x')); queueMicrotask(() => p.catch(() => console.log('caught')));\n`;
    await twins({ 'app.cjs': app }, sink);
    assert.deepEqual(await arrived(0), []);
  });

  for (const [what, before, node] of [
    ['by default', '', []],
    ['where the application listens', "process.on('unhandledRejection', () => {});", []],
    ['in mode none', '', ['--unhandled-rejections=none']],
  ]) {
    test(`carries the scope of the request it came from, ${what}`, async () => {
      await run(
        `fw.init({}); ${before}
        for (const request of ['one', 'two', 'three']) {
          fw.withIsolationScope(() => {
            fw.setTag('request', request);
            setTimeout(async () => { await 1; if (request === 'two') throw new TypeError('x'); }, 1);
          });
        }`,
        { dsn: sink.dsn, node },
      );
      const [event] = await sink.wait(1);
      assert.equal(event.tags?.request, 'two');
    });
  }

  for (const [mode, expected] of Object.entries({
    warn: FATAL,
    none: FATAL,
    strict: FATAL,
    'warn-with-error-code': FATAL,
  })) {
    test(`NODE_OPTIONS that are meant for children, mode ${mode}: the process still ends of it`, async () => {
      const init = `(process.env.NODE_OPTIONS = '--unhandled-rejections=${mode}', {})`;
      const app = `process.env.NODE_OPTIONS = '--unhandled-rejections=${mode}'; Promise.reject(new TypeError('x'));\n`;
      const { code } = await twins({ 'app.cjs': app }, { dsn: sink.dsn, init });
      assert.equal(code, 1);
      assert.deepEqual(await arrived(1), [expected]);
    });
  }

  for (const [what, app] of Object.entries({
    'a listener of the application that throws': `process.on('unhandledRejection', () => { throw new TypeError('from the listener'); });
      Promise.reject(new RangeError('x'));\n`,
    'a listener that throws the reason itself': `process.on('unhandledRejection', (reason) => { throw reason; });
      Promise.reject(new TypeError('x'));\n`,
    'a listener that ends the process': `process.on('unhandledRejection', () => process.exit(7)); Promise.reject(new TypeError('x'));\n`,
    'all listeners removed': `process.on('unhandledRejection', () => {}); process.removeAllListeners('unhandledRejection');
      Promise.reject(new TypeError('x'));\n`,
    'listeners looked at': `process.on('unhandledRejection', () => {}); const own = process.listeners('unhandledRejection');
      for (const listener of own) process.off('unhandledRejection', listener); console.log(process.listenerCount('unhandledRejection'));
      Promise.reject(new TypeError('x'));\n`,
  })) {
    test(what, async () => {
      await twins({ 'app.cjs': app }, { dsn: sink.dsn, ignore: EMIT });
      const events = await arrived(1);
      assert.ok(events.some((event) => event.startsWith('TypeError') || event.startsWith('RangeError')));
    });
  }
});

describe("the application's own ways", () => {
  const stories = {
    'an uncaughtException listener': [
      `process.on('uncaughtException', (e, origin) => { console.log(e.message, origin); process.exitCode = 9; });
       setTimeout(() => { throw new TypeError('x'); }, 1);`,
      9,
      [THROWN],
    ],
    'one that gets a rejection': [
      `process.on('uncaughtException', (e, origin) => console.log(e.message, origin)); Promise.reject(new TypeError('x'));`,
      0,
      [FATAL],
    ],
    // Node leaves at once, and tells nobody: it may be too late to send.
    'one that throws': [
      `process.on('uncaughtException', () => { throw new RangeError('again'); }); throw new TypeError('x');`,
      7,
      undefined,
    ],
    'one that ends the process': [
      `process.on('uncaughtException', () => process.exit(5)); setTimeout(() => { throw new TypeError('x'); }, 1);`,
      5,
      [THROWN],
    ],
    'an exit listener that ends the process': [
      `process.on('exit', () => process.exit(6)); throw new TypeError('x');`,
      6,
      [THROWN],
    ],
    'an exit listener that throws': [
      `process.on('exit', () => { throw new RangeError('y'); }); throw new TypeError('x');`,
      undefined,
      [THROWN],
    ],
    'an exit listener that throws, alone': [
      `process.on('exit', () => { throw new TypeError('y'); });`,
      undefined,
      [THROWN],
    ],
    'as many listeners as Node stands': [
      `for (const event of ['exit', 'unhandledRejection', 'uncaughtExceptionMonitor']) for (let n = 0; n < 10; n++) process.on(event, () => {});
       Promise.reject(new TypeError('x'));`,
      0,
      [SEEN],
    ],
    'a capture callback': [
      `process.setUncaughtExceptionCaptureCallback((e) => console.log('captured', e.message)); setTimeout(() => { throw new TypeError('x'); }, 1);`,
      0,
      undefined,
    ],
    'a domain with a listener': [
      `const d = require('node:domain').create(); d.on('error', (e) => console.log('domain', e.message));
       d.run(() => setTimeout(() => { throw new TypeError('x'); }, 1));`,
      0,
      undefined,
    ],
    'a domain without one': [
      `const d = require('node:domain').create(); d.run(() => setTimeout(() => { throw new TypeError('x'); }, 1));`,
      undefined,
      [THROWN],
    ],
    'a monitor': [
      `process.on('uncaughtExceptionMonitor', (e) => console.log('own monitor', e.message)); throw new TypeError('x');`,
      1,
      [THROWN],
    ],
    'process.abort in a listener': [
      `process.on('uncaughtException', () => process.kill(process.pid, 'SIGKILL')); setTimeout(() => { throw new TypeError('x'); }, 200);`,
      null,
      undefined,
    ],
  };
  for (const [what, [app, expectedCode, expected]] of Object.entries(stories)) {
    test(what, async () => {
      const { code } = await twins({ 'app.cjs': `${app}\n` }, { dsn: sink.dsn, ignore: EMIT });
      if (expectedCode !== undefined) {
        assert.equal(code, expectedCode);
      }
      if (expected !== undefined) {
        assert.deepEqual(await arrived(expected.length), expected);
      }
    });
  }
});

/** Node passes the error on when its message comes, or when the thread has ended, whichever it notices first. */
const DRAINED = /\n {4}at .*\(node:internal\/worker:.*\)/g;

describe('a worker thread', () => {
  const START = `const { Worker } = require('node:worker_threads'); const worker = new Worker(require.resolve('./thread.cjs')`;
  const THREADS = {
    throws: 'setTimeout(() => { throw new TypeError("in the thread"); }, 1);',
    rejects: 'Promise.reject(new TypeError("in the thread"));',
  };
  for (const [how, thread] of Object.entries(THREADS)) {
    const origin = how === 'throws' ? THROWN : FATAL;
    test(`that ${how}, with an error listener`, async () => {
      const app = `${START}); worker.on('error', (e) => console.log('error', e.name, e.message)); worker.on('exit', (code) => console.log('exit', code));\n`;
      const { code } = await twins({ 'app.cjs': app, 'thread.cjs': thread }, sink);
      assert.equal(code, 0);
      assert.deepEqual(await arrived(1), [origin]);
    });

    test(`that ${how}, without`, async () => {
      const { code } = await twins(
        { 'app.cjs': `${START});\n`, 'thread.cjs': thread },
        { dsn: sink.dsn, ignore: DRAINED },
      );
      assert.equal(code, 1);
      assert.equal((await arrived(1))[0], origin);
    });
  }

  for (const mode of ['throw', 'strict', 'warn', 'warn-with-error-code']) {
    test(`with NODE_OPTIONS of its own: ${mode}`, async () => {
      const app = `${START}, { env: { ...process.env, NODE_OPTIONS: '--unhandled-rejections=${mode}' } });
        worker.on('error', (e) => console.log('error', e.message)); worker.on('exit', (code) => console.log('exit', code));\n`;
      await twins({ 'app.cjs': app, 'thread.cjs': THREADS.rejects }, sink);
      assert.deepEqual(await arrived(1), [MODES[mode][1]]);
    });
  }

  for (const mode of Object.keys(MODES)) {
    test(`with a mode of its own: ${mode}`, async () => {
      const app = `${START}, { execArgv: ['--unhandled-rejections=${mode}', '--require', require.resolve('./preload.cjs')] });
        worker.on('error', (e) => console.log('error', e.message)); worker.on('exit', (code) => console.log('exit', code));\n`;
      await twins({ 'app.cjs': app, 'thread.cjs': THREADS.rejects }, sink);
      assert.deepEqual(await arrived(1), [MODES[mode][1]]);
    });
  }
});
