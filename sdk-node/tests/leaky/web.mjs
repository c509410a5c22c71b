// Real requests to real servers, over a socket: what Node and Express make of them, and what an application does with
// them, its lines on the console and in a log, and the errors of what it asks of others.

import http from 'node:http';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';

import { listen, shut } from '../http-client.mjs';
import { document, headers, query } from './parts.mjs';
import { aws, awkward, basic, card, dsnString, jwt, opaque, ordinary, pem, stripe } from './seeds.mjs';

const require = createRequire(import.meta.url);
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const BOUNDARY = 'x-of-the-form';

/** A port where nobody listens. */
const NOWHERE = '127.0.0.1:1';

/** Keeps nothing: what a logger writes is the application's. */
const discard = () => new Writable({ write: (_chunk, _encoding, done) => done() });

/** One request as a client makes it; gives the status. */
function send(url, path, type, body) {
  return new Promise((resolve, reject) => {
    const more = type === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const options = {
      method: type === undefined ? 'GET' : 'POST',
      path: `${path}?${query()}`,
      headers: { ...headers(), traceparent: TRACE, ...more },
      agent: false,
    };
    const request = http.request(url, options, (response) =>
      response.resume().on('end', () => resolve(response.statusCode)),
    );
    request.on('error', reject).end(body);
  });
}

const form = () =>
  new URLSearchParams({
    name: 'ann',
    password: awkward('form'),
    'user[secret]': opaque('form, brackets'),
    next: `/x?token=${opaque('link in a form')}`,
    json: JSON.stringify({ pwd: opaque('JSON in a form') }),
    note: ordinary('ring-twice'),
  }).toString();

function multipart() {
  const fields = {
    name: ordinary('ann-of-the-form'),
    password: opaque('field of a form'),
    note: `api_key=${opaque('pair in a field')} ${aws('token in a field')}`,
    key: pem('pem in a field'),
  };
  const part = (name, value) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${stripe('name of a file')}"\r\n\r\n${opaque('file')}\r\n`;
  return `${Object.entries(fields)
    .map(([name, value]) => part(name, value))
    .join('')}${file}--${BOUNDARY}--\r\n`;
}

/** Bodies by their types, whole and cut. */
const bodies = () => [
  [],
  ['application/json', JSON.stringify(document())],
  ['application/json; charset=utf-8', JSON.stringify(document()).slice(0, -4)],
  ['application/x-www-form-urlencoded', form()],
  ['application/x-www-form-urlencoded', form().slice(0, -3)],
  [`multipart/form-data; boundary=${BOUNDARY}`, multipart()],
  [`multipart/form-data; boundary=${BOUNDARY}`, multipart().slice(0, -30)],
  [
    'application/graphql+json',
    JSON.stringify({ query: `{ login(password: "${opaque('GraphQL')}") }`, variables: { token: opaque('variable') } }),
  ],
  ['application/xml', `<login><password>${opaque('XML')}</password><a token='${opaque('attribute')}'/></login>`],
  ['text/plain', `password=${opaque('text')}\n${dsnString('connection string')}\n${card('card in a text')}`],
];

/** Lines of the console; stderr is the application's own as well as ours, so what it says there is kept back. */
function chatter() {
  console.log('login of %s with password=%s', 'ann', opaque('line of the console'));
  console.info({ user: 'ann', apiKey: opaque('object on the console') }, [`Bearer ${jwt('list on the console')}`]);
  const { write } = process.stderr;
  process.stderr.write = (text, ...more) =>
    !String(text).startsWith('faultwire') || write.call(process.stderr, text, ...more);
  console.warn(
    ordinary('low on bread'),
    `token: ${opaque('warning')}`,
    new Error(`secret=${opaque('error on the console')}`),
  );
  console.error('could not connect to %s', dsnString('%s on the console'));
  process.stderr.write = write;
}

/** Lines of two loggers, which also make events of errors. */
async function logging() {
  const { watchLogger } = await import('faultwire/pino');
  const { FaultwireTransport } = await import('faultwire/winston');
  const { default: pino } = await import('pino');
  const { default: winston } = await import('winston');
  const line = watchLogger(pino({ name: 'shop' }, discard()));
  const old = winston.createLogger({
    transports: [new FaultwireTransport(), new winston.transports.Stream({ stream: discard() })],
  });
  return () => {
    line.info({ password: opaque('member of a line'), headers: headers() }, `opened with ${stripe('line')}`);
    line
      .child({ token: opaque('member of a child') })
      .error({ err: refused('pino'), cart: ordinary('cart-9') }, `secret=${opaque('line of an error')}`);
    old.warn(`api_key=${opaque('line of winston')}`, { session_token: opaque('member of winston') });
    old.error('failed', refused('winston'));
  };
}

/** An error as clients of other services throw them: what was asked, and what was answered, hang on it. */
function refused(where) {
  const cause = Object.assign(new Error(`connect ECONNREFUSED ${dsnString(`cause, ${where}`)}`), {
    code: 'ECONNREFUSED',
  });
  const error = new TypeError(
    `GET https://ann:${opaque(`login, ${where}`)}@api.example/v1?access_token=${opaque(`query, ${where}`)} failed`,
    { cause },
  );
  return Object.assign(error, {
    config: {
      headers: headers(),
      auth: { username: 'ann', password: opaque(`auth, ${where}`) },
      data: JSON.stringify(document()),
    },
    options: { Authorization: basic(`options, ${where}`) },
    response: { status: 401, data: { refresh_token: opaque(`answer, ${where}`) } },
    url: new URL(`https://ann:${opaque(`URL object, ${where}`)}@api.example/?sig=${opaque(`signature, ${where}`)}`)
      .href,
  });
}

/** Errors that Node itself makes of what is asked of it. */
async function outgoing() {
  const caught = [];
  const attempt = async (call) => {
    try {
      await call();
    } catch (error) {
      caught.push(error);
    }
  };
  await attempt(() => fetch(`http://ann:${opaque('login of fetch')}@${NOWHERE}/a?token=${opaque('query of fetch')}`));
  await attempt(() => fetch(`http://${NOWHERE}/a`, { headers: { authorization: `Bearer ${jwt('header of fetch')}` } }));
  await attempt(
    () => new URL(`https://ann:${opaque('login of no URL')}@[shop.example/?token=${opaque('query of no URL')}`),
  );
  await attempt(() => new URL('//', `http://ann:${opaque('login of a base')}@[`));
  await attempt(
    () =>
      new Promise((resolve, reject) =>
        http
          .get(`http://ann:${opaque('login of a request')}@${NOWHERE}/?apikey=${opaque('query of a request')}`, resolve)
          .on('error', (error) => reject(new Error(`order failed: ${error.message}`, { cause: error }))),
      ),
  );
  await attempt(() => JSON.parse(`{"password": "${opaque('JSON')}", }`));
  await attempt(() => require(`/srv/${aws('path of a module')}/token=${opaque('name of a module')}`));
  await attempt(() => http.request({ host: NOWHERE, headers: { 'x-api-key': `${opaque('bad header')}\n` } }));
  await attempt(() => http.request({ host: NOWHERE, path: `/a b?token=${opaque('bad path')}` }));
  return caught;
}

async function requests(url) {
  const statuses = [];
  for (const [type, body] of bodies()) {
    statuses.push(await send(url, `/pay/${jwt('in the path')}/${ordinary('ORD-5512')}`, type, body));
  }
  return statuses;
}

/** A server of Node alone, which reads bodies by itself. */
export async function server(fw) {
  const log = await logging();
  const errors = await outgoing();
  const app = http.createServer(async (request, response) => {
    for await (const _chunk of request);
    fw.setTag('path', request.url);
    fw.setContext('request', { headers: request.headers, rawHeaders: request.rawHeaders, url: request.url });
    chatter();
    log();
    fw.captureException(refused('handler'));
    fw.captureException(new AggregateError(errors.splice(0, 3), `${ordinary('gave up')} token=${opaque('group')}`));
    fw.captureMessage(`${request.method} ${request.url}`);
    response.end('ok');
  });
  const url = await listen(app);
  ordinary('/pay/');
  await requests(url);
  await shut(app);
  for (const error of await outgoing()) {
    fw.captureException(error);
  }
}

/** An application of Express, whose parsers keep the body on the request, and hang it on their errors. */
async function shop(fw, express) {
  // Express prints errors for people.
  process.env.NODE_ENV = 'test';
  const app = express();
  app.use(express.json(), express.urlencoded({ extended: true }), express.text({ type: ['text/*', '*/xml'] }));
  app.all('/pay/:token/:order', (request, _response, next) => {
    chatter();
    fw.addBreadcrumb({
      message: `paid by ${request.params.token}`,
      data: { body: request.body, query: request.query, cookies: request.headers.cookie },
    });
    request.user = { id: ordinary('user-77'), password: opaque('user of a request') };
    next(refused('Express'));
  });
  app.use((error, request, _response, next) => {
    if (error.status === 400) {
      // The text that did not parse hangs on it.
      fw.captureException(error, { extra: { params: request.params, body: error.body } });
    }
    next(error);
  });
  fw.setupExpressErrorHandler(app);
  const web = http.createServer(app);
  const statuses = await requests(await listen(web));
  await shut(web);
  if (!statuses.includes(400) || statuses.filter((status) => status === 500).length < 8) {
    throw new Error(`answered ${statuses}`);
  }
}

export const express5 = (fw) => shop(fw, require('express'));
export const express4 = (fw) => shop(fw, require('express4'));
