// Builds `dist/` from `src/`: one CommonJS file with everything, `index.js`, since each file that is read costs the
// start of an application; types beside it. Every other entry of `exports` and `bin` in package.json is a line that
// takes its part out of that file, and for each an ES module passes it on by name: one state, whichever way it is
// loaded. A part runs when it is first asked for.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const manifest = require('../package.json');

/** Where `index.js` keeps the other entries: out of sight, and not in reach by mistake. */
const ENTRIES = "Symbol.for('faultwire.entries')";
const MAIN = './dist/index.js';
const TARGET = 'node20';

const libraries = Object.values(manifest.exports).flatMap(({ require: built }) => built?.default ?? []);
const programs = Object.values(manifest.bin);

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '--project', root], { stdio: 'inherit' });

await writeBundle([...libraries, ...programs].filter((file) => file !== MAIN));
for (const file of libraries) {
  await writeModule(file);
}
for (const file of programs) {
  write(file, `#!/usr/bin/env node\n${partOf(file)}\n`);
}
dropUnreachableTypes(libraries);

/** `./dist/x.js` -> `./src/x`. */
function sourceOf(file) {
  return file.replace('./dist/', './src/').replace(/\.js$/, '');
}

function write(file, text) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

async function writeBundle(others) {
  const parts = others.map(
    (file) => `${JSON.stringify(file)}: () => plain(require(${JSON.stringify(sourceOf(file))})),`,
  );
  // Plain members instead of getters: quicker, and an application's tests can replace them.
  const contents = `
    const plain = (names) => Object.defineProperty({ ...names }, '__esModule', { value: true });
    module.exports = plain(require(${JSON.stringify(sourceOf(MAIN))}));
    // For the package's own tests.
    const native = () => require('./src/native').native;
    const rejectionMode = (...given) => require('./src/hooks/rejection-mode').rejectionMode(...given);
    Object.defineProperty(module.exports, ${ENTRIES}, { value: {${parts.join('')} native, rejectionMode} });`;
  await build({
    stdin: { contents, resolveDir: root, sourcefile: 'entries.js' },
    outfile: join(root, MAIN),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    // What an integration looks for is the application's.
    packages: 'external',
    target: TARGET,
    // Names stay, for stacks and for whoever reads it.
    minifySyntax: true,
    minifyWhitespace: true,
    footer: { js: named(await exportsOf(sourceOf(MAIN))) },
    logLevel: 'warning',
  });
}

/** Never runs: from it Node, and bundlers, know the names that an ES module can import. */
function named(names) {
  return `0 && (module.exports = { ${names.join(', ')} });`;
}

/** The statement that gives an entry other than the main one. */
function partOf(file) {
  const from = relative(dirname(join(root, file)), join(root, MAIN)).replaceAll('\\', '/');
  const path = from.startsWith('.') ? from : `./${from}`;
  return `module.exports = require('${path}')[${ENTRIES}]['${file}']();`;
}

/** The ES module of an entry, and what it stands on. */
async function writeModule(file) {
  const name = file.split('/').at(-1);
  const names = await exportsOf(sourceOf(file));
  if (file !== MAIN) {
    write(file, `'use strict';\n${partOf(file)}\n${named(names)}\n`);
  }
  write(file.replace(/\.js$/, '.mjs'), `export { ${names.join(', ')} } from './${name}';\n`);
  write(file.replace(/\.js$/, '.d.mts'), `export * from './${name}';\n`);
}

/** The names that a source file exports. */
async function exportsOf(source) {
  const { metafile } = await build({
    entryPoints: [join(root, `${source}.ts`)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    target: TARGET,
    metafile: true,
    write: false,
    outdir: root,
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs)[0].exports.sort();
}

/** The compiler writes types for every file; those that no entry leads to are nobody's. */
function dropUnreachableTypes(entries) {
  const reached = new Set();
  const visit = (file) => {
    if (reached.has(file) || !existsSync(file)) {
      return;
    }
    reached.add(file);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]*)['"]/g)) {
      visit(join(dirname(file), `${path.replace(/\.js$/, '')}.d.ts`));
    }
  };
  entries.forEach((file) => visit(join(root, file.replace(/\.js$/, '.d.ts'))));
  const sweep = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        sweep(path);
      } else if (path.endsWith('.d.ts') && !reached.has(path)) {
        rmSync(path);
      }
    }
    if (readdirSync(folder).length === 0) {
      rmdirSync(folder);
    }
  };
  sweep(join(root, 'dist'));
}
