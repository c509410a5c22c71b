// The real server in a folder of its own, a browser in front of it, and clients that send: what the stories are made of.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BINARY = process.env.FAULTWIRE_SERVER ?? join(ROOT, 'target/release/faultwire-server');
const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
/** Long enough for a machine that does other things as well. */
export const DEADLINE = 30_000;
/** Milliseconds by which React's later turns are late in all pages: shows which stories look before the page is there. */
const TURNS_LATE = Number(process.env.TURNS_LATE ?? 0);
export const PASSWORD = 'correct horse battery';
export const HOST = 'host@example.com';

export const hex = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** Waits until something is so, and answers it. */
export async function until(what, isSo, deadline = DEADLINE) {
  const end = Date.now() + deadline;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${deadline} ms`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** A server that runs until the file's tests are over. */
export class Server {
  static async start({ settings = [], folder = mkdtempSync(join(tmpdir(), 'faultwire-')) } = {}) {
    const server = new Server();
    Object.assign(server, { folder, settings, cookie: '', csrf: '', port: 0 });
    await server.run();
    after(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return server;
  }

  async run() {
    const listen = ['--listen', `127.0.0.1:${this.port}`, '--data-dir', join(this.folder, 'data')];
    this.process = spawn(BINARY, [...listen, ...this.settings], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.output = '';
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (text) => {
        this.output += text;
      });
    }
    const told = (what) => what.exec(this.output)?.[1];
    // The first start says how the first person comes in, last of all.
    const lastWord = this.setupLink ? /listens on (http:\S+)\n/ : /comes in here.*: (\S+)\n/;
    await until('the server to start', () => {
      if (this.process.exitCode !== null) throw new Error(`the server ended: ${this.output}`);
      return told(lastWord);
    });
    this.url = told(/listens on (http:\S+)/);
    this.port = Number(new URL(this.url).port);
    this.dsn ??= told(/DSN of the first project: (\S+)/);
    this.setupLink ??= told(/comes in here.*: (\S+)/);
  }

  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
  }

  /** Ends it and starts it again: the same address, the same data. */
  async restart() {
    await this.stop();
    await this.run();
  }

  /** The first person, over the API. */
  async setUp() {
    const token = this.setupLink.split('#')[1];
    const answer = await this.ask('POST', '/api/v1/setup', { token, email: HOST, name: 'Host', password: PASSWORD });
    this.csrf = answer.csrf;
    return this;
  }

  /** Who asks from now on: someone who is here already. */
  async comeIn(email = HOST) {
    this.cookie = '';
    this.csrf = (await this.ask('POST', '/api/v1/login', { email, password: PASSWORD })).csrf;
  }

  /** Asks the API as the first person; what is answered. */
  async ask(method, path, body) {
    const headers = { 'content-type': 'application/json', 'x-faultwire-csrf': this.csrf, cookie: this.cookie };
    const answer = await fetch(this.url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    const cookie = answer.headers.getSetCookie()[0];
    if (cookie) this.cookie = cookie.split(';')[0];
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Invites someone, who comes in; their address. */
  async invite(email, role, project = 1) {
    const { token } = await this.ask('POST', '/api/v1/invitations', { email, ...(role ? { project, role } : {}) });
    const body = JSON.stringify({ token, name: email.split('@')[0], password: PASSWORD });
    const answer = await fetch(`${this.url}/api/v1/redeem`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    if (!answer.ok) throw new Error(`redeem: ${answer.status}`);
    return email;
  }

  /** Sends an event as any client would; its id. */
  async send(event = {}, dsn = this.dsn) {
    const { event_id = hex(), ...rest } = event;
    const { protocol, username, host, pathname } = new URL(dsn);
    const whole = { event_id, timestamp: Date.now() / 1000, platform: 'python', level: 'error', ...rest };
    const answer = await fetch(`${protocol}//${host}/api${pathname}/store/`, {
      method: 'POST',
      headers: {
        'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${username}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(whole),
    });
    if (!answer.ok) throw new Error(`store: ${answer.status} ${await answer.text()}`);
    return event_id;
  }

  /** The issues of a project, as soon as `isSo` of them. */
  async issues(isSo = (items) => items.length > 0, query = '') {
    return until(`issues ${isSo}`, async () => {
      const { items } = await this.ask('GET', `/api/v1/projects/1/issues?limit=100${query}`);
      return isSo(items) && items;
    });
  }
}

/** An error of a class, at a place of its own. */
export function fault(type, value = 'no such thing', more = {}) {
  const frames = [
    { filename: 'lib/web.py', module: 'web', function: 'dispatch', lineno: 10, in_app: false },
    {
      filename: 'shop/checkout.py',
      module: 'shop.checkout',
      function: `pay_${type.toLowerCase()}`,
      lineno: 42,
      in_app: true,
      context_line: '    charge(order)',
      pre_context: ['def pay(order):'],
      post_context: ['    return order'],
      vars: { order: '17', amount: '19.90' },
    },
  ];
  return { exception: { values: [{ type, value, stacktrace: { frames } }] }, ...more };
}

/** A browser that ends with the file's tests. */
export async function browser(more = {}) {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  const running = await chromium.launch({ executablePath: CHROMIUM, args, ...more });
  after(() => running.close());
  return running;
}

/**
 * A page of a browser of its own. It fails the story if anything is asked of another host, or if the page has an error or
 * breaks the policy: `page.complaints` has what was said, to be looked at by {@link checkQuiet}.
 */
export async function open(running, server, { email, options = {}, late = TURNS_LATE } = {}) {
  const context = await running.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  if (late > 0) await context.addInitScript(turnLate, late);
  watch(page, server);
  if (email) await login(page, email);
  return page;
}

/** Run in a page: what React puts off to a later turn comes so many milliseconds late, as on a machine that does much else. */
function turnLate(ms) {
  const wait = setTimeout;
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (...args) {
    wait(() => post.apply(this, args), ms);
  };
}

/** Notes what a page complains of. */
export function watch(page, server) {
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    // What is answered with 4xx is said by the browser, whatever the page makes of it.
    const text = message.text();
    if (['error', 'warning'].includes(message.type()) && !/Failed to load resource/.test(text))
      page.complaints.push(text);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'blob:' && origin !== new URL(server.url).origin)
      page.complaints.push(`another host: ${request.url()}`);
  });
}

/** That a page complained of nothing. */
export function checkQuiet(page) {
  if (page.complaints.length > 0) throw new Error(page.complaints.join('\n'));
}

export async function login(page, email = HOST) {
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
}

/** A receiver of webhooks: what was posted to it, in order. It answers with `status`, which a story may change. */
export async function receiver() {
  const told = { received: [], status: 200 };
  const listening = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    told.received.push({ path: request.url, headers: request.headers, body: JSON.parse(body) });
    response.statusCode = told.status;
    response.end(told.status === 200 ? 'ok' : 'out of order');
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  after(() => listening.close());
  told.url = `http://127.0.0.1:${listening.address().port}`;
  return told;
}
