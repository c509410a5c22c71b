// Runs a script in a process of its own, as a user would.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the built package, for `require`. */
export const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');

const CLEAN = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(FAULTWIRE|SENTRY|NODE)_/.test(name)),
);

/** `source` is CommonJS; `fw` is the package. Gives `{code, signal, stdout, stderr, seconds}`. */
export async function run(source, { dsn, node = [], env = {}, prelude = true, seconds = 60 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'faultwire-story-'));
  const file = join(folder, 'story.cjs');
  const head = prelude ? `const fw = require(${JSON.stringify(PACKAGE)});` : '';
  writeFileSync(file, `${head}${source}`);
  const began = performance.now();
  const child = spawn(process.execPath, [...node, file], {
    // What it leaves on disk goes with the story, unless that has several lives.
    env: {
      ...CLEAN,
      XDG_STATE_HOME: join(folder, 'state'),
      ...(dsn === undefined ? {} : { FAULTWIRE_DSN: dsn }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  const watchdog = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const [code, signal] = await new Promise((resolve) => child.once('close', (...end) => resolve(end)));
  clearTimeout(watchdog);
  rmSync(folder, { recursive: true, force: true });
  return { code, signal, ...output, seconds: (performance.now() - began) / 1000 };
}
