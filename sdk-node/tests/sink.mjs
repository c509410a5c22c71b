// The test sink, a real server, from Node: started once a test file, empty and ordinary again with `reset`.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

function findBinary() {
  const named = process.env.FAULTWIRE_SINK;
  if (named !== undefined) {
    return named;
  }
  const built = ['release', 'debug'].map((kind) => join(TARGET, kind, 'faultwire-sink')).filter(existsSync);
  if (built.length === 0) {
    throw new Error('the sink is not built: `make sink`');
  }
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

// What the tests' own process leaves on disk for a later start, no later start shall find.
const STATE = mkdtempSync(join(tmpdir(), 'faultwire-state-'));
process.env.XDG_STATE_HOME = STATE;
process.once('exit', () => rmSync(STATE, { recursive: true, force: true }));

/** A running sink; it ends with its standard input, so with this process at the latest. */
export class Sink {
  static async start(...options) {
    const child = spawn(findBinary(), ['--until-stdin-closes', '--quiet', '--port', '0', ...options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const sink = new Sink();
    sink.child = child;
    const said = {};
    for await (const line of createInterface(child.stdout)) {
      const [name, value] = line.split(/ (.*)/);
      said[name] = value;
      if ('control' in said) {
        break;
      }
    }
    Object.assign(sink, { url: said.listening, dsn: said.dsn, control: said.control });
    return sink;
  }

  async close() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    await ended;
  }

  /** The accepted events, once there are at least `count`. */
  async wait(count = 1, seconds = 20) {
    const response = await fetch(`${this.control}/_sink/wait?events=${count}&timeout_s=${seconds}`);
    if (!response.ok) {
      throw new Error(`waited for ${count} events: ${await response.text()}; ${JSON.stringify(await this.stats())}`);
    }
    return this.events();
  }

  events = () => this.#get('events?all=0');
  stats = () => this.#get('stats');
  items = (type) => this.#get(`items?all=0&type=${type}`);

  /** How the next requests are treated: `ok`, `stall`, `refuse`, `reset`, `status`. */
  mode = (mode, more = {}) => this.#post('mode', { mode, ...more });
  reset = () => this.#post('reset', {});

  async raw() {
    return (await fetch(`${this.control}/_sink/raw`)).text();
  }

  async #get(path) {
    return (await fetch(`${this.control}/_sink/${path}`)).json();
  }

  async #post(path, body) {
    const response = await fetch(`${this.control}/_sink/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) {
      throw new Error(await response.text());
    }
  }
}
