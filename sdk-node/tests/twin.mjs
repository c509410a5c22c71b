// The same program with Faultwire and without: it must print the same, byte for byte, and end the same way.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { PACKAGE } from './run.mjs';

const CLEAN = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(FAULTWIRE|SENTRY|NODE)_/.test(name)),
);

/**
 * Runs `files` (name to text; the first is the program) once without and once with Faultwire, which is started by a
 * preloaded file, so that the program is the same to the byte. Gives `{code, signal, stdout, stderr}` after having
 * compared all of it. `init`: source of the options. `ignore`: a pattern of what may differ in stderr.
 */
export async function twins(files, { dsn, node = [], env = {}, init = '{}', ignore } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'faultwire-twin-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const program = join(folder, Object.keys(files)[0]);
    const preload = join(folder, 'preload.cjs');
    const ends = [];
    for (const source of ['', `require(${JSON.stringify(PACKAGE)}).init(${init});\n`]) {
      writeFileSync(preload, source);
      ends.push(await start([...node, '--require', preload, program], { FAULTWIRE_DSN: dsn, ...env }));
    }
    const [without, with_] = ends;
    const compared = (end) => ({
      ...end,
      stderr: ignore === undefined ? end.stderr : end.stderr.replaceAll(ignore, '…'),
    });
    assert.deepEqual(compared(with_), compared(without));
    return with_;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(parameters, env) {
  const child = spawn(process.execPath, parameters, { env: { ...CLEAN, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [code, signal] = await new Promise((resolve) => child.once('close', (...end) => resolve(end)));
  clearTimeout(watchdog);
  // A warning begins with the id of the process.
  const stderr = output.stderr.replaceAll(`(node:${child.pid})`, '(node:PID)');
  return { code, signal, stdout: output.stdout, stderr };
}
