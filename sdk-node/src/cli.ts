/** `npx faultwire doctor` and `npx faultwire send-test`. Runs when it is loaded; exit code 0 when all is well. */

import { parseArgs } from 'node:util';

import { captureException } from './capture';
import { flush, init, isEnabled, stats } from './client';
import { FaultwireError } from './errors';
import { NAMES } from './integrations/registry';
import { VERSION, loadError } from './native';
import type { Options } from './options';

const USAGE = 'usage: faultwire [-h] {doctor,send-test} ...';
const HELP = `${USAGE}

Looks at an installation of Faultwire.

  doctor                  say what is installed and what the environment sets
  send-test [--dsn DSN]   send an event and say what came back
                          DSN: where to; default: FAULTWIRE_DSN, then SENTRY_DSN
`;
/** Milliseconds that the answer to the test event is waited for. */
const SEND_TIMEOUT = 10_000;
/** What is wrong with the command line itself. */
const MISUSED = 2;

// Waits in the background: `npx` sees the exit code when all is done.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(given: string[]): Promise<number> {
  let values: { dsn?: string | undefined; help?: boolean | undefined };
  let positionals: string[];
  try {
    const options = { dsn: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
    ({ values, positionals } = parseArgs({ args: given, options, allowPositionals: true }));
  } catch (error) {
    return misused((error as Error).message);
  }
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const [command, ...more] = positionals;
  if (more.length > 0) {
    return misused(`unknown argument ${more[0]}`);
  }
  if (command === 'send-test') {
    return sendTest(values.dsn);
  }
  if (values.dsn !== undefined) {
    return misused('--dsn belongs to send-test');
  }
  return command === 'doctor' ? doctor() : misused(command === undefined ? 'no command' : `unknown command ${command}`);
}

function misused(what: string): number {
  process.stderr.write(`${USAGE}\nfaultwire: ${what}\n`);
  return MISUSED;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints what matters when events do not arrive. */
function doctor(): number {
  print(`faultwire ${VERSION}, Node ${process.versions.node}, ${process.platform}-${process.arch}`);
  print(`native library: ${loadError === undefined ? 'loaded' : `NOT loaded: ${loadError}`}`);
  for (const option of ['DSN', 'RELEASE', 'ENVIRONMENT']) {
    const found = [`FAULTWIRE_${option}`, `SENTRY_${option}`].find((name) => process.env[name]);
    const value = found === undefined ? undefined : process.env[found];
    if (value === undefined) {
      print(`${option.toLowerCase()}: not set in the environment`);
    } else {
      print(`${option.toLowerCase()}: ${option === 'DSN' ? shownDsn(value) : value} (${found})`);
    }
  }
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']) {
    if (process.env[name]) {
      // It may hold a password.
      print(`${name} is set`);
    }
  }
  print(`integrations known: ${NAMES.join(', ')}`);
  if (loadError !== undefined || !start({})) {
    return 1;
  }
  print(`enabled: ${isEnabled() ? 'yes' : 'no, there is no DSN'}`);
  return 0;
}

/** Sends one event; says whether the server took it. */
async function sendTest(dsn: string | undefined): Promise<number> {
  if (loadError !== undefined) {
    print(`the native library did not load: ${loadError}`);
    return 1;
  }
  if (!start({ dsn, sampleRate: 1 })) {
    return 1;
  }
  if (!isEnabled()) {
    print('there is no DSN: pass --dsn or set FAULTWIRE_DSN');
    return 1;
  }
  const id = captureException(new Error('A test event of npx faultwire send-test'));
  const flushed = await flush(SEND_TIMEOUT);
  const { delivered, dropped } = stats();
  if (flushed && delivered > 0) {
    print(`delivered: event ${id}`);
    return 0;
  }
  const lost = Object.entries(dropped).flatMap(([reason, count]) => (count > 0 ? [`${reason}: ${count}`] : []));
  print(`not delivered: event ${id}; dropped: ${lost.join(', ') || 'none yet, it is still waiting'}`);
  print('with FAULTWIRE_DSN set, an application started with init({ debug: true }) says more');
  return 1;
}

/** `init` by itself; false, with the reason told, where it fails. */
function start(options: Options): boolean {
  try {
    init({ ...options, autoIntegrations: false });
    return true;
  } catch (error) {
    if (!(error instanceof FaultwireError)) {
      throw error;
    }
    print(`init: ${error.message}`);
    return false;
  }
}

/** A DSN without its key. */
function shownDsn(dsn: string): string {
  const scheme = dsn.indexOf('://');
  const at = dsn.lastIndexOf('@');
  return scheme >= 0 && at > scheme
    ? `${dsn.slice(0, scheme)}://...@${dsn.slice(at + 1)}`
    : 'set, but it does not look like a DSN';
}
