// Builds `dist/`: TypeScript to CommonJS, which is the package, and for each entry an ES module that passes it on by
// name, so that there is one state whichever way it is loaded.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const { exports: entries } = require('../package.json');

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '--project', root], { stdio: 'inherit' });

for (const { require: built } of Object.values(entries)) {
  if (built === undefined) {
    continue;
  }
  const file = join(root, built.default);
  const name = built.default.split('/').at(-1);
  const names = exportsOf(readFileSync(file, 'utf8'));
  const module = file.replace(/\.js$/, '');
  writeFileSync(`${module}.mjs`, `export { ${names.join(', ')} } from './${name}';\n`);
  writeFileSync(`${module}.d.mts`, `export * from './${name}';\n`);
}

/** The names that a compiled module exports. */
function exportsOf(text) {
  const found = text.matchAll(/^(?:exports\.(\w+) = (?!void 0)|Object\.defineProperty\(exports, "(\w+)")/gm);
  return [...new Set([...found].map(([, plain, getter]) => plain ?? getter))].filter((name) => name !== '__esModule').sort();
}
