// Where there is no binary: every call gives its documented nothing. `kind` says who is asking.

const { Worker, isMainThread } = require('node:worker_threads');

const ERROR = new Error('lost');
const seen = [];

async function use(faultwire, testing) {
  const listeners = process.eventNames().flatMap((name) => process.listeners(name)).length;
  // Every public function, how it is called, and the nothing it gives.
  const calls = {
    addBreadcrumb: [[{ message: 'b' }], undefined],
    captureEvent: [[{ message: 'm' }], undefined],
    captureRequestError: [
      [ERROR, { path: '/', method: 'GET', headers: {} }, { routePath: '/', routeType: 'route' }],
      undefined,
    ],
    captureException: [[ERROR, { tags: { a: 'b' }, handled: false }], undefined],
    captureMessage: [['m', 'error'], undefined],
    clearBreadcrumbs: [[], undefined],
    close: [[1000], false],
    continueTrace: [['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'], false],
    explain: [[ERROR], {}],
    flush: [[1000], false],
    init: [[{ dsn: 'nonsense', beforeSend: (event) => event }], undefined],
    isEnabled: [[], false],
    lastEventId: [[], undefined],
    removeTag: [['a'], undefined],
    setContext: [['c', { a: 1 }], undefined],
    setExtra: [['a', 1n], undefined],
    setFingerprint: [[['a']], undefined],
    setLevel: [['error'], undefined],
    setSession: [['s'], undefined],
    setTag: [['a', 'b'], undefined],
    setTags: [[{ a: 'b' }], undefined],
    setTransaction: [['t'], undefined],
    setUser: [[{ id: 1 }], undefined],
    setupExpressErrorHandler: [[{ use() {} }], undefined],
    setupFastifyErrorHandler: [[{ addHook() {} }], undefined],
    setupHapiErrorHandler: [[{ ext() {}, events: { on() {} } }], undefined],
    setupKoaErrorHandler: [[{ use() {}, on() {}, listenerCount: () => 0, onerror() {} }], undefined],
    setupNestErrorHandler: [[{ useGlobalInterceptors() {} }], undefined],
    stats: [[], {}],
    withIsolationScope: [[() => 7], 7],
    withScope: [[(scope) => scope.setTag('a', 'b') ?? 8], 8],
  };
  const assert = require('node:assert/strict');
  for (const [name, [given, nothing]] of Object.entries(calls)) {
    assert.deepEqual(await faultwire[name](...given), nothing, name);
  }
  faultwire.globalScope().setTag('a', 'b');
  faultwire.isolationScope().setUser(null);
  const captured = testing.captureEvents();
  assert.deepEqual(await captured.events(), []);
  captured.restore();
  assert.ok(faultwire.InvalidDsnError.prototype instanceof faultwire.FaultwireError);
  // Nothing was hooked.
  assert.equal(process.eventNames().flatMap((name) => process.listeners(name)).length, listeners);
  seen.push(...Object.keys(faultwire).filter((name) => typeof faultwire[name] === 'function' && !(name in calls)));
  return seen;
}

async function main() {
  const esm = process.argv.includes('esm');
  const faultwire = esm ? await import('faultwire') : require('faultwire');
  const testing = esm ? await import('faultwire/testing') : require('faultwire/testing');
  const untried = await use(faultwire, testing);
  if (isMainThread) {
    console.log(`untried: ${untried.join()}`);
    const worker = new Worker(__filename, { argv: process.argv.slice(2) });
    worker.once('error', (error) => {
      throw error;
    });
    worker.once('exit', (code) => console.log(`worker: ${code}`));
  }
}
main();
