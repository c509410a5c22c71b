// No secret leaves the process: not on the wire, not on stderr, in no encoding; all else stays readable.
//
// Each scenario of `leaky/` runs as a program of its own, `debug` on, against the real sink. It makes secrets that exist
// nowhere else, puts them where applications put theirs, and says what it made.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as limits from './leaky/limits.mjs';
import * as plain from './leaky/plain.mjs';
import * as request from './leaky/request.mjs';
import { leaks } from './leaky/search.mjs';
import * as web from './leaky/web.mjs';
import { Sink } from './sink.mjs';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'leaky', 'main.cjs');
const SCENARIOS = Object.entries({ plain, limits, request, web }).flatMap(([module, all]) =>
  Object.keys(all).map((name) => [module, name]),
);

let sink;
before(async () => {
  sink = await Sink.start();
});
beforeEach(() => sink.reset());
after(() => sink.close());

/** What the scenario said of itself, and its stderr. */
async function run(module, name, options = {}) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(FAULTWIRE|SENTRY|NODE)_/.test(key)));
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [MAIN, module, name, JSON.stringify(options)],
    {
      env: { ...env, FAULTWIRE_DSN: sink.dsn },
      maxBuffer: 64 << 20,
      timeout: 120_000,
    },
  );
  return { ...JSON.parse(stdout.trimEnd().split('\n').at(-1)), stderr };
}

for (const sendDefaultPii of [false, true]) {
  // Nothing personal stands at a limit.
  for (const [module, name] of SCENARIOS.filter(([module]) => !sendDefaultPii || module !== 'limits')) {
    test(`${module}, ${name}${sendDefaultPii ? ', sendDefaultPii' : ''}`, async () => {
      const { secrets, ordinary, stats, flushed, stderr } = await run(module, name, { sendDefaultPii });
      const hidden = Object.fromEntries(
        Object.entries(secrets).filter(([key]) => !(sendDefaultPii && key.startsWith('pii: '))),
      );
      const events = await sink.events();
      const found = [...leaks(await sink.raw(), hidden), ...leaks(stderr, secrets).map((leak) => `stderr: ${leak}`)];
      assert.deepEqual(found, [], `${found.length} secrets got out`);
      const shown = JSON.stringify(events);
      assert.deepEqual(
        ordinary.filter((text) => !shown.includes(JSON.stringify(text).slice(1, -1))),
        [],
      );
      // Nothing was found in what did not arrive: a lost event would pass unseen.
      assert.ok(flushed && Object.keys(secrets).length > 0);
      assert.equal(stats.delivered, events.length);
      const lost = name === 'failingHooks' ? { before_send: stats.captured } : {};
      assert.deepEqual(stats.dropped, lost);
      assert.equal(stats.captured, events.length + (lost.before_send ?? 0));
      assert.ok(events.length > 0 || name === 'failingHooks');
    });
  }
}

for (const status of [400, 413]) {
  test(`debug says why a server refused with ${status}, and not what`, async () => {
    await sink.mode('status', { status });
    for (const name of ['scopes', 'errors']) {
      const { secrets, stats, stderr } = await run('plain', name);
      assert.equal(stats.delivered, 0);
      assert.match(stderr, /faultwire/);
      assert.deepEqual(leaks(stderr, secrets), []);
    }
  });
}

test('the search finds every encoding', () => {
  // A search that finds nothing would find no leak either.
  const secret = 'Zq8K"mVt%2Lw+9xRb/7';
  for (let shift = 0; shift < 3; shift++) {
    const around = `${'abcdef'.slice(0, shift)}${secret}tail`;
    const bytes = Buffer.from(around);
    for (const text of [
      around,
      bytes.toString('base64'),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      JSON.stringify({ k: around }),
      JSON.stringify(JSON.stringify({ k: around })),
      encodeURIComponent(around),
    ]) {
      assert.equal(leaks(`.... ${text} ....`, { s: secret }).length > 0, true, text);
    }
  }
  assert.equal(leaks(secret.slice(3, 13), { s: secret }).length > 0, true);
  assert.deepEqual(leaks('nothing here at all', { s: secret }), []);
});
