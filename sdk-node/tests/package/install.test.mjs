// `npm install faultwire` in an empty project, from the tarballs as they are published, and then an application.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Sink } from '../sink.mjs';
import {
  OWN,
  OWN_PACKAGE,
  ROOT,
  bytesOf,
  install,
  installed,
  json,
  packages,
  registryOf,
  run,
  temporary,
} from './project.mjs';

/** The package and its one binary package, in bytes on the disk. */
const MAX_INSTALLED = 5_000_000;
const CONSUMERS = join(dirname(fileURLToPath(import.meta.url)), 'consumers');

const folder = temporary(after);
let registry, sink, project;
before(async () => {
  sink = await Sink.start();
  registry = await registryOf(folder, packages(folder));
  project = await install(folder, registry);
});
afterEach(() => sink.reset());
after(() => Promise.all([sink.close(), registry.close()]));

function consumer(name, into = project) {
  copyFileSync(join(CONSUMERS, name), join(into, name));
  return join(into, name);
}

/** What a consumer sent, beside what it said of it. */
async function arrived(ended, kind) {
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  const said = JSON.parse(ended.stdout);
  assert.deepEqual([said.delivered, said.shared], [true, true]);
  const [event] = await sink.wait(1);
  assert.equal(event.event_id, said.id);
  assert.deepEqual([event.release, event.tags.consumer], [`${kind}@1`, kind]);
  assert.equal(event.exception.values.at(-1).value, `from ${kind}`);
  return event;
}

test('npm installs the package and one binary, and nothing else', () => {
  assert.deepEqual(installed(project).sort(), [OWN_PACKAGE, 'faultwire'].sort());
  // The other platforms were looked at, not downloaded.
  const downloads = registry.asked.filter((path) => path.endsWith('.tgz')).sort();
  assert.deepEqual(downloads, [`${OWN_PACKAGE}.tgz`, 'faultwire.tgz'].sort());
});

test('both together stay below the limit', (t) => {
  const bytes = installed(project).map((name) => bytesOf(join(project, 'node_modules', name)));
  const sum = bytes.reduce((a, b) => a + b);
  t.diagnostic(`installed: ${sum} bytes, ${bytes.join(' + ')}`);
  assert.ok(sum <= MAX_INSTALLED, `${sum} bytes installed`);
});

for (const [kind, file] of [
  ['esm', 'esm.mjs'],
  ['cjs', 'cjs.cjs'],
]) {
  test(`an application, ${kind}`, async () => {
    await arrived(
      await run(process.execPath, [consumer(file)], { cwd: project, env: { FAULTWIRE_DSN: sink.dsn } }),
      kind,
    );
  });
}

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
for (const [module, moduleResolution, type] of [
  ['nodenext', 'nodenext', 'module'],
  ['nodenext', 'nodenext', 'commonjs'],
  ['node16', 'node16', 'module'],
  ['node16', 'node16', 'commonjs'],
  ['esnext', 'bundler', 'module'],
  ['preserve', 'bundler', 'commonjs'],
]) {
  test(`an application in TypeScript: module ${module}, resolution ${moduleResolution}, ${type}`, async () => {
    const file = consumer('typed.ts');
    const manifest = join(project, 'package.json');
    writeFileSync(manifest, JSON.stringify({ ...json(manifest), type }));
    // `preserve` writes what Node does not run as CommonJS; its types are what is tested.
    const runs = module !== 'preserve';
    const config = {
      compilerOptions: {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2022'],
        types: [],
        strict: true,
        skipLibCheck: false,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: false,
        noEmit: !runs,
        outDir: 'out',
      },
      files: [file],
    };
    rmSync(join(project, 'out'), { recursive: true, force: true });
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
    const checked = await run(process.execPath, [TSC, '--project', project], { cwd: project });
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    if (runs) {
      const built = join(project, 'out', 'typed.js');
      const event = await arrived(
        await run(process.execPath, [built], { cwd: project, env: { FAULTWIRE_DSN: sink.dsn } }),
        'ts',
      );
      assert.equal(event.dist, 'typed');
    }
  });
}

test('npx finds the command', async () => {
  const ended = await run('npx', ['--no-install', 'faultwire', 'send-test', '--dsn', sink.dsn], { cwd: project });
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.match(ended.stdout, /^delivered: event [0-9a-f]{32}\n$/);
});

/** Both ways in, with a worker thread each: one line on stderr, and no call does anything. */
async function doesNothing(where, line) {
  const file = consumer('noop.cjs', where);
  for (const kind of ['cjs', 'esm']) {
    const ended = await run(process.execPath, [file, kind], { cwd: where, env: { FAULTWIRE_DSN: sink.dsn } });
    assert.equal(ended.code, 0, ended.stderr);
    const untried =
      'FaultwireError,InternalError,InvalidDsnError,InvalidOptionError,InvalidPayloadError,Scope,globalScope,isolationScope';
    assert.equal(ended.stdout, `untried: ${untried}\nworker: 0\n`);
    assert.match(ended.stderr, line);
    assert.equal(ended.stderr.split('\n').length, 2, ended.stderr);
  }
  const doctor = await run('npx', ['--no-install', 'faultwire', 'doctor'], { cwd: where });
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /^native library: NOT loaded: /m);
}
const SAID = 'faultwire: nothing is captured, the native library did not load';
const PLATFORM = `${process.platform}-${process.arch}`;

test('npm install --omit=optional: every call is a no-op', async () => {
  const without = await install(folder, registry, '--omit=optional');
  assert.deepEqual(installed(without), ['faultwire']);
  await doesNothing(
    without,
    new RegExp(`^${SAID} \\(${PLATFORM}: @faultwire/.* is missing, install the optional dependencies too\\)\n$`),
  );
});

/** What a binary can be instead of one that fits. */
const BROKEN = {
  empty: () => Buffer.alloc(0),
  'a text': () => Buffer.from('not a library'),
  'a beginning': (bytes) => bytes.subarray(0, 100),
  // The machine's number in the header of an ELF file; in others, some bytes of it.
  'for another machine': (bytes) => Buffer.from(bytes).fill(0x5a, 16, 22),
};

for (const [what, broken] of Object.entries(BROKEN)) {
  test(`a binary that is ${what}: every call is a no-op`, async () => {
    const where = await install(folder, registry);
    const binary = join(where, 'node_modules', OWN_PACKAGE, 'faultwire.node');
    const bytes = readFileSync(binary);
    // A file of its own: npm may have linked this one to its cache.
    rmSync(binary);
    writeFileSync(binary, broken(bytes));
    await doesNothing(
      where,
      new RegExp(`^${SAID} \\(${PLATFORM}: ${OWN_PACKAGE} is broken, install it anew: .*\\)\n$`),
    );
  });
}

test('a binary of another version is not used', async () => {
  const mixed = await install(folder, registry);
  const other = join(mixed, 'node_modules', OWN_PACKAGE);
  rmSync(join(other, 'package.json'));
  rmSync(join(other, 'faultwire.node'));
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'index.js'), 'exports.version = () => "0.0.9";\n');
  await doesNothing(
    mixed,
    new RegExp(`^${SAID} \\(${PLATFORM}: ${OWN_PACKAGE} is version 0.0.9, not .*: install both anew\\)\n$`),
  );
});

test("a developer's own build goes before the installed binary", async () => {
  const own = await install(folder, registry);
  const beside = join(own, 'node_modules', 'faultwire', `faultwire.${OWN.target}.node`);
  copyFileSync(join(ROOT, `faultwire.${OWN.target}.node`), beside);
  const script = `require('faultwire'); console.log(Object.keys(require.cache).filter((f) => f.endsWith('.node')).join())`;
  const ended = await run(process.execPath, ['-e', script], { cwd: own });
  assert.equal(ended.stdout, `${beside}\n`);
});
