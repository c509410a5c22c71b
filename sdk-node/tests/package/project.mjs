// The packages as they are published, and empty projects that install them.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PLATFORMS, ownPlatform } from '../../scripts/platforms.mjs';
import { packageOf, platformManifest, stage } from '../../scripts/stage.mjs';
import { Registry, pack } from './registry.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const OWN = ownPlatform();
export const OWN_PACKAGE = packageOf(OWN);

export const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** A folder that is gone at the end of the test file. */
export function temporary(after) {
  const folder = mkdtempSync(join(tmpdir(), 'faultwire-package-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `{main, native}`: tarballs of the package and of this platform's. */
export function packages(folder) {
  const [native] = stage(folder, [join(ROOT, `faultwire.${OWN.target}.node`)]);
  return { main: pack(join(folder, 'faultwire'), folder), native: pack(native, folder) };
}

/** A registry that has the packages of all platforms, and something to download for this one only. */
export function registryOf(folder, { main, native }) {
  return Registry.start([
    { manifest: json(join(folder, 'faultwire', 'package.json')), tarball: main },
    ...PLATFORMS.map((row) => ({ manifest: platformManifest(row), tarball: row === OWN ? native : undefined })),
  ]);
}

const SCRUBBED = Object.entries(process.env).filter(([name]) => !/^(npm_|FAULTWIRE_|SENTRY_|NODE_)/i.test(name));

/** Runs a program; gives `{code, stdout, stderr}`. */
export async function run(program, given, { cwd, env = {} } = {}) {
  const child = spawn(program, given, {
    cwd,
    env: { ...Object.fromEntries(SCRUBBED), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // There npm and npx are scripts.
    shell: process.platform === 'win32' && program !== process.execPath,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, ...output };
}

/** An empty project with the package installed by npm, as `npm install faultwire` does it. */
export async function install(folder, registry, ...options) {
  const project = mkdtempSync(join(folder, 'project-'));
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "version": "1.0.0", "private": true }\n');
  const given = ['install', 'faultwire', '--registry', registry.url, '--cache', join(project, '.cache')];
  // Nothing of this machine's configuration takes part.
  const nobodys = ['userconfig', 'globalconfig'].map((name) => `--${name}=${join(project, `.${name}`)}`);
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', ...nobodys];
  const ended = await run('npm', [...given, ...quiet, ...options], { cwd: project });
  if (ended.code !== 0) {
    throw new Error(`npm install failed: ${ended.stderr}`);
  }
  return project;
}

/** Names of what npm installed. */
export function installed(project) {
  return Object.keys(json(join(project, 'node_modules', '.package-lock.json')).packages).map((path) =>
    path.replace('node_modules/', ''),
  );
}

/** Bytes of all files below. */
export function bytesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? bytesOf(path) : statSync(path).size), 0);
}
