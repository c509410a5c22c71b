// The packages before anyone installs them: what is in them, and what the tools of others say.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { PLATFORMS } from '../../scripts/platforms.mjs';
import { mainManifest, packageOf, platformManifest } from '../../scripts/stage.mjs';
import { ROOT, json, packages, run, temporary } from './project.mjs';

const folder = temporary(after);
const tarballs = packages(folder);
/** Runs a tool of the package's own, on its tarball. */
function tool(name, command, ...given) {
  const folder = join(ROOT, 'node_modules', name);
  return run(process.execPath, [join(folder, json(join(folder, 'package.json')).bin[command]), ...given]);
}

test('types resolve for every entry, in every way of resolving', async () => {
  const { code, stdout, stderr } = await tool(
    '@arethetypeswrong/cli',
    'attw',
    tarballs.main,
    '--format',
    'ascii',
    '--no-color',
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /No problems found/);
});

for (const name of ['main', 'native']) {
  test(`publint has nothing to say of the package, ${name}`, async () => {
    const { code, stdout, stderr } = await tool('publint', 'publint', '--strict', tarballs[name]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /All good/);
  });
}

test('an entry has two files of types and two of code, and the code is in one', () => {
  const { exports, bin } = mainManifest();
  const entries = Object.values(exports).flatMap((row) => (row.require === undefined ? [] : [row]));
  const code = entries.flatMap((row) => [row.import.default, row.require.default]);
  const types = entries.flatMap((row) => [row.import.types, row.require.types]);
  const files = readdirSync(join(folder, 'faultwire', 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(
      (entry) => `./${join(entry.parentPath ?? entry.path, entry.name).slice(join(folder, 'faultwire').length + 1)}`,
    );
  assert.deepEqual([...code, ...Object.values(bin)].sort(), files.filter((file) => /\.m?js$/.test(file)).sort());
  assert.deepEqual(
    types.filter((file) => !files.includes(file)),
    [],
  );
  for (const file of [...code, ...Object.values(bin)].filter((file) => file !== './dist/index.js')) {
    assert.ok(
      readFileSync(join(folder, 'faultwire', file), 'utf8').split('\n').length <= 4,
      `${file} holds more than a line`,
    );
  }
});

test('the published package needs nothing but one binary', () => {
  const manifest = mainManifest();
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.peerDependencies, undefined);
  assert.equal(manifest.scripts, undefined);
  assert.deepEqual(
    manifest.optionalDependencies,
    Object.fromEntries(PLATFORMS.map((row) => [packageOf(row), manifest.version])),
  );
  for (const row of PLATFORMS) {
    const { os, cpu, libc, dependencies, scripts } = platformManifest(row);
    assert.deepEqual([os, cpu, libc], [[row.os], [row.cpu], row.libc && [row.libc]]);
    assert.deepEqual([dependencies, scripts], [undefined, undefined]);
  }
});

test('the loader looks for the packages that are published, and the release workflow builds them', () => {
  const targets = PLATFORMS.map((row) => row.target).sort();
  const loader = readFileSync(join(ROOT, 'src', 'native.ts'), 'utf8');
  const table = /const TARGETS[^=]*= \{([\s\S]*?)\n\};/.exec(loader)[1];
  const rows = [...table.matchAll(/'([\w-]+)': \[([^\]]*)\]/g)];
  assert.deepEqual(
    rows.flatMap(([, , names]) => [...names.matchAll(/'([^']+)'/g)].map(([, name]) => name)).sort(),
    targets,
  );
  for (const [, platform, names] of rows) {
    assert.ok(
      names.split(',').every((name) => name.trim().startsWith(`'${platform}`)),
      platform,
    );
  }
  const workflow = readFileSync(join(ROOT, '..', '.github', 'workflows', 'release.yml'), 'utf8');
  const built = [...workflow.matchAll(/\{ node: ([\w-]+),.* target: ([\w-]+)/g)].map(
    ([, target, rust]) => `${target} ${rust}`,
  );
  assert.deepEqual([...new Set(built)].sort(), PLATFORMS.map((row) => `${row.target} ${row.rust}`).sort());
});
