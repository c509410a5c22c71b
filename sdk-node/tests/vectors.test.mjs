// The shared vectors of tests/vectors, through the Node bridge: the same meaning in every language.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { build } from 'esbuild';

import { native } from './native.mjs';
import { ROOT } from './sink.mjs';
const VECTORS = join(ROOT, 'tests', 'vectors');
// Where `scripts/parity.py` finds how many cases were run.
const RAN = join(ROOT, 'target', 'parity', 'node', 'vectors');
const topics = readdirSync(VECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory());

function run(topic, input) {
  const answer = JSON.parse(native.vector(topic, JSON.stringify(input)));
  assert.equal(answer.error, undefined, JSON.stringify(answer.error));
  return answer.ok;
}

/** The cut of the package itself, which is within its bundle. */
async function ownCut() {
  const source = join(ROOT, 'sdk-node', 'src', 'extract', 'text.ts');
  const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: 'esm', write: false });
  const { cut } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  return ({ text, limit, look_ahead }) => cut(text, limit, look_ahead);
}

/** Objects: each listed member; anything else: equal. */
function agrees(expected, found, path) {
  if (isMap(expected) && isMap(found)) {
    for (const [key, value] of Object.entries(expected)) {
      assert.ok(key in found, `${path}.${key} is missing`);
      agrees(value, found[key], `${path}.${key}`);
    }
    return;
  }
  assert.deepEqual(found, expected, path);
}

const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

test('every topic is there', () => {
  const needed = [
    'cut',
    'dsn',
    'envelope',
    'fingerprint',
    'function-names',
    'message',
    'rate-limits',
    'sanitize',
    'stack',
  ];
  const names = topics.map((topic) => topic.name);
  assert.deepEqual(
    needed.filter((name) => !names.includes(name)),
    [],
  );
});

for (const { name: topic } of topics) {
  test(topic, async () => {
    const files = readdirSync(join(VECTORS, topic)).filter((name) => name.endsWith('.json'));
    const cases = files.flatMap((file) => JSON.parse(readFileSync(join(VECTORS, topic, file), 'utf8')).cases);
    assert.ok(cases.length > 0, `${topic} has no cases`);
    const own = topic === 'cut' ? await ownCut() : undefined;
    for (const { name, input, expected, kind, options, absent = [] } of cases) {
      const place = `${topic}/${name}`;
      if (topic === 'sanitize') {
        const found = run(topic, { kind, input, options });
        agrees(expected, found, place);
        for (const secret of absent) {
          assert.ok(!JSON.stringify(found).includes(secret), `${place}: ${secret}`);
        }
      } else {
        const found = run(topic, input);
        // A message that a case does not tell is not compared.
        if (expected?.error !== undefined && !('message' in expected.error)) {
          delete found.error.message;
        }
        assert.deepEqual(found, expected, place);
        if (own !== undefined) {
          assert.equal(own(input), expected, `${place}, of the package itself`);
        }
      }
    }
    mkdirSync(RAN, { recursive: true });
    writeFileSync(join(RAN, topic), `${cases.length}\n`);
  });
}
