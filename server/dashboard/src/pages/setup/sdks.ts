/** What the guide says of each SDK. A test runs the programs for Python, Node and curl as shown; the rest is of the guides of the SDKs. */

/** Which one. */
export type SdkId = 'python' | 'node' | 'rust' | 'sentry';

/** One SDK. */
export interface Sdk {
  id: SdkId;
  name: string;
  /** What puts it into a project, in a shell; none if that is a matter of the SDK. */
  install: string | null;
  /** What comes first in a program. */
  begin: (dsn: string) => string;
  /** Where that goes. */
  where: string;
  /** What frameworks need beside it. */
  notes: readonly { name: string; text: string; code?: string }[];
  /** A program that fails, and how it is run. */
  test: { file: string | null; text: (dsn: string) => string; run: string };
  /** A command that says what came back. */
  doctor: ((dsn: string) => string) | null;
}

const python: Sdk = {
  id: 'python',
  name: 'Python',
  install: 'pip install faultwire',
  begin: (dsn) => `import faultwire

faultwire.init(dsn="${dsn}")`,
  where: 'At the beginning of the program, before anything can fail.',
  notes: [
    {
      name: 'Flask, FastAPI, Starlette',
      text: 'Nothing more: failing requests are captured with their route, whether the framework is imported before or after.',
    },
    {
      name: 'Django, other WSGI',
      text: 'Wrap the application:',
      code: `from faultwire.integrations.wsgi import FaultwireWsgiMiddleware

application = FaultwireWsgiMiddleware(application)`,
    },
    {
      name: 'Other ASGI',
      text: 'Wrap the application:',
      code: `from faultwire.integrations.asgi import FaultwireAsgiMiddleware

application = FaultwireAsgiMiddleware(application)`,
    },
    { name: 'logging', text: 'Nothing more: logger.error and above are events, from info on breadcrumbs.' },
    {
      name: 'Which deploy broke it',
      text: 'Say the version: init(..., release="shop@1.4.2"), or set FAULTWIRE_RELEASE.',
    },
  ],
  test: {
    file: 'faultwire_test.py',
    text: (dsn) => `import faultwire

faultwire.init(dsn="${dsn}")

raise RuntimeError("A test of Faultwire from Python")`,
    run: 'python faultwire_test.py',
  },
  doctor: (dsn) => `python -m faultwire send-test --dsn ${dsn}`,
};

const node: Sdk = {
  id: 'node',
  name: 'Node',
  install: 'npm install faultwire',
  begin: (dsn) => `import * as faultwire from 'faultwire';

faultwire.init({ dsn: '${dsn}' });`,
  where:
    "At the beginning of the program. In a CommonJS module the first line is const faultwire = require('faultwire').",
  notes: [
    { name: 'Express 5', text: 'Nothing more: requests that end in a 500 or above are captured with their route.' },
    { name: 'Express 4', text: 'After all routes:', code: 'faultwire.setupExpressErrorHandler(app);' },
    { name: 'Fastify', text: 'Nothing more, if init runs before fastify().' },
    { name: 'Koa', text: 'Before your middleware:', code: 'faultwire.setupKoaErrorHandler(app);' },
    { name: 'Hapi', text: 'With the server:', code: 'faultwire.setupHapiErrorHandler(server);' },
    { name: 'NestJS', text: 'After NestFactory.create():', code: 'faultwire.setupNestErrorHandler(app);' },
    { name: 'Bundlers', text: 'Leave the package out, as every one with a native library: --external:faultwire.' },
    {
      name: 'Which deploy broke it',
      text: "Say the version: init({ ..., release: 'shop@1.4.2' }), or set FAULTWIRE_RELEASE.",
    },
  ],
  test: {
    file: 'faultwire-test.mjs',
    text: (dsn) => `import * as faultwire from 'faultwire';

faultwire.init({ dsn: '${dsn}' });

throw new Error('A test of Faultwire from Node');`,
    run: 'node faultwire-test.mjs',
  },
  doctor: (dsn) => `npx faultwire send-test --dsn ${dsn}`,
};

const rust: Sdk = {
  id: 'rust',
  name: 'Rust',
  install: 'cargo add faultwire',
  begin: (dsn) => `let _faultwire = faultwire::init(faultwire::Options {
    dsn: Some("${dsn}".parse()?),
    ..Default::default()
})?;`,
  where: 'First in main, which returns Result<(), faultwire::Error>. Keep the guard: dropping it sends what is left.',
  notes: [
    { name: 'Panics', text: 'Nothing more: they are captured with their place, thread and stack.' },
    {
      name: 'Errors',
      text: 'Where one is handled:',
      code: 'faultwire::capture_error(&error);',
    },
    { name: 'anyhow', text: 'Give error.as_ref(); for a Box<dyn Error>, &*error.' },
    { name: 'Async tasks', text: 'They carry their scopes: handle(request).isolated() with faultwire::FutureExt.' },
    {
      name: 'process::exit',
      text: 'It drops no guard: before it, call',
      code: 'faultwire::close(None);',
    },
    {
      name: 'Which deploy broke it',
      text: 'Say the version: release: Some("shop@1.4.2".to_owned()), or set FAULTWIRE_RELEASE.',
    },
  ],
  test: {
    file: 'src/bin/faultwire_test.rs',
    text: (dsn) => `fn main() -> Result<(), faultwire::Error> {
    let _faultwire = faultwire::init(faultwire::Options {
        dsn: Some("${dsn}".parse()?),
        ..Default::default()
    })?;
    panic!("A test of Faultwire from Rust")
}`,
    run: 'cargo run --bin faultwire_test',
  },
  doctor: null,
};

/** The parts of a DSN that a request is made of by hand. */
function parts(dsn: string): { base: string; key: string; project: string } {
  const [, scheme = '', key = '', rest = ''] = /^(\w+):\/\/([^@]*)@(.*)$/.exec(dsn) ?? [];
  const end = rest.lastIndexOf('/');
  return { base: `${scheme}://${rest.slice(0, end)}`, key, project: rest.slice(end + 1) };
}

/** Where a DSN leads to: the server's address. */
export function serverOf(dsn: string): string {
  return parts(dsn).base;
}

const sentry: Sdk = {
  id: 'sentry',
  name: 'Any Sentry SDK',
  install: null,
  begin: (dsn) => `SENTRY_DSN=${dsn}`,
  where:
    'Sentry SDKs of any language send here as they are: the DSN is all that changes, in this variable of the environment or where your program calls init.',
  notes: [
    {
      name: 'Pages in browsers',
      text: 'Take a browser key: it is public, so it may be limited to the addresses of your pages. Admins of the project make one under Settings, Keys.',
    },
    {
      name: 'What is kept',
      text: 'Errors, messages, sessions and their counts. Transactions, replays and attachments are left out, and counted as not kept.',
    },
    { name: 'Which deploy broke it', text: 'Set release in init, or SENTRY_RELEASE.' },
  ],
  test: {
    file: null,
    text: (dsn) => {
      const { base, key, project } = parts(dsn);
      return `curl ${base}/api/${project}/store/ \\
  -H 'Content-Type: application/json' \\
  -H 'X-Sentry-Auth: Sentry sentry_version=7, sentry_key=${key}' \\
  -d '{"level": "error", "message": "A test of the protocol, by curl"}'`;
    },
    run: '',
  },
  doctor: null,
};

/** All of them, in the order in which they are offered. */
export const SDKS: readonly Sdk[] = [python, node, rust, sentry];
