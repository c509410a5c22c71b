// Web frameworks in the same words: `start` makes an application of routes, serves it, and gives its URL.
//
// - `routes`: `[method, path, handler]`, the path as Express writes it, below `/api`; a handler gets `{ id, body }`,
//   and gives a text or a stream, or a promise of it; it fails as it likes.
// - `user`: what the application finds out of its user. `began(path)`: its own code at the beginning of a request.
// - `answer(error)`: its own handler of errors, which gives `[status, text]`, or undefined to leave it to the framework.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

import Hapi from '@hapi/hapi';
import Router from '@koa/router';
import fastify from 'fastify';
import * as faultwire from 'faultwire';
import Koa from 'koa';

import { listen, shut } from './http-client.mjs';

const require = createRequire(import.meta.url);

/** What handles errors: the channel of the router, or the line that the application wrote. */
export const EXPRESS_WAYS = [
  ['express 5, by itself', 'express', () => {}],
  ['express 5, set up', 'express', faultwire.setupExpressErrorHandler, ['express']],
  ['express 5, both', 'express', faultwire.setupExpressErrorHandler],
  ['express 4, set up', 'express4', faultwire.setupExpressErrorHandler],
];

/** The channel of new instances, or the line that the application wrote. */
export const FASTIFY_WAYS = [
  ['fastify, by itself', () => {}],
  ['fastify, set up', faultwire.setupFastifyErrorHandler, ['fastify']],
  ['fastify, both', faultwire.setupFastifyErrorHandler],
];

const asIs = (path) => path;
const inBraces = (path) => path.replace(/:(\w+)/g, '{$1}');

const served = async (listener) => {
  const server = createServer(listener);
  return { url: await listen(server), close: () => shut(server) };
};

function express(name, setup) {
  const make = require(name);
  return ({ routes, user, began, answer }) => {
    const app = make();
    const router = make.Router();
    app.use(make.json());
    app.use((request, _response, next) => {
      request.user = user;
      began?.(request.path);
      next();
    });
    for (const [method, path, handler] of routes) {
      router[method](path, (request, response, next) => {
        const send = (given) =>
          typeof given === 'string' ? response.end(given) : given.on('error', next).pipe(response);
        const given = handler({ id: request.params.id, body: request.body });
        if (!(given instanceof Promise)) return void send(given);
        // Express 4 leaves rejections to the application.
        const sent = given.then(send);
        return name === 'express4' ? sent.catch(next) : sent;
      });
    }
    app.use('/api', router);
    setup(app);
    if (answer !== undefined) {
      app.use((error, _request, response, next) => {
        const own = answer(error);
        if (own === undefined) return next(error);
        response.status(own[0]).send(own[1]);
      });
    }
    return served(app);
  };
}

function fastifyWith(setup) {
  return async ({ routes, user, began, answer }) => {
    const app = fastify({ forceCloseConnections: true });
    setup(app);
    app.decorateRequest('user', null);
    app.addHook('onRequest', async (request) => {
      request.user = user;
      began?.(request.url.split('?')[0]);
    });
    app.register(
      async (sub) => {
        for (const [method, url, handler] of routes) {
          sub.route({ method, url, handler: ({ params, body }) => handler({ id: params.id, body }) });
        }
      },
      { prefix: '/api' },
    );
    if (answer !== undefined) {
      app.setErrorHandler((error, _request, reply) => {
        const own = answer(error);
        return own === undefined ? reply.send(error) : reply.code(own[0]).send(own[1]);
      });
    }
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  };
}

function koa({ routes, user, began, answer }) {
  const app = new Koa();
  app.silent = true;
  faultwire.setupKoaErrorHandler(app);
  app.use(async (ctx, next) => {
    ctx.state.user = user;
    began?.(ctx.path);
    try {
      await next();
    } catch (error) {
      const own = answer?.(error);
      if (own === undefined) throw error;
      [ctx.status, ctx.body] = own;
      if (ctx.status >= 500) ctx.app.emit('error', error, ctx);
    }
  });
  app.use(async (ctx, next) => {
    let text = '';
    for await (const chunk of ctx.req) text += chunk;
    try {
      ctx.request.body = text === '' ? undefined : JSON.parse(text);
    } catch {
      ctx.throw(400);
    }
    await next();
  });
  const inner = new Router();
  for (const [method, path, handler] of routes) {
    inner[method](path, (ctx) => {
      const send = (given) => void (ctx.body = given);
      const given = handler({ id: ctx.params.id, body: ctx.request.body });
      return given instanceof Promise ? given.then(send) : send(given);
    });
  }
  app.use(new Router().use('/api', inner.routes()).routes());
  return served(app.callback());
}

async function hapi({ routes, user, began, answer }) {
  const server = Hapi.server({ port: 0, host: '127.0.0.1', debug: false });
  faultwire.setupHapiErrorHandler(server);
  server.auth.scheme('known', () => ({ authenticate: (_request, h) => h.authenticated({ credentials: user ?? {} }) }));
  server.auth.strategy('known', 'known');
  server.auth.default('known');
  server.ext('onPreHandler', (request, h) => {
    began?.(request.path);
    return h.continue;
  });
  server.ext('onPreResponse', ({ response }, h) => {
    const own = response.isBoom ? answer?.(response) : undefined;
    return own === undefined ? h.continue : h.response(own[1]).code(own[0]);
  });
  for (const [method, path, handler] of routes) {
    const called = ({ params, payload }) => handler({ id: params.id, body: payload });
    server.route({ method, path: `/api${inBraces(path)}`, handler: called });
  }
  await server.start();
  return { url: server.info.uri, close: () => server.stop({ timeout: 100 }) };
}

/**
 * Programs of one route that fails: `make` an application; `setup`, in each case, or `late`, where it was made before
 * `init`; `run` until one request has its answer, of which the status is printed.
 */
const PROGRAMS = {
  express: {
    module: 'express',
    transaction: '/a/:b',
    make: `const app = framework();
      app.get('/a/:b', async () => { throw new Error('failed'); });
      app.use((error, request, response, next) => { response.status(500).end('x'); });`,
    run: `const server = app.listen(0, '127.0.0.1', async () => {
        console.log((await fetch('http://127.0.0.1:' + server.address().port + '/a/1')).status);
        server.close();
      });`,
  },
  fastify: {
    module: 'fastify',
    transaction: '/a/:b',
    make: 'const app = framework();',
    late: 'fw.setupFastifyErrorHandler(app);',
    run: `app.get('/a/:b', async () => { throw new Error('failed'); });
      app.listen({ port: 0, host: '127.0.0.1' }).then(async (url) => {
        console.log((await fetch(url + '/a/1')).status);
        await app.close();
      });`,
  },
  koa: {
    module: 'koa',
    make: 'const app = new framework(); app.silent = true;',
    setup: 'fw.setupKoaErrorHandler(app);',
    run: `app.use(() => { throw new Error('failed'); });
      const server = app.listen(0, '127.0.0.1', async () => {
        console.log((await fetch('http://127.0.0.1:' + server.address().port + '/a/1')).status);
        server.close();
      });`,
  },
  hapi: {
    module: '@hapi/hapi',
    transaction: '/a/{b}',
    make: `const app = framework.server({ port: 0, host: '127.0.0.1', debug: false });`,
    setup: 'fw.setupHapiErrorHandler(app);',
    run: `app.route({ method: 'GET', path: '/a/{b}', handler: () => { throw new Error('failed'); } });
      app.start().then(async () => {
        console.log((await fetch(app.info.uri + '/a/1')).status);
        await app.stop();
      });`,
  },
};

/**
 * - `route`: how the framework writes a path. `text500`: what it answers. `refusal(status)`: what its own errors are.
 * - `seesLate`: it tells of a stream that fails once the response has begun; `seesGone`: of what fails after the client
 *   went away.
 */
export const FRAMEWORKS = [
  ...EXPRESS_WAYS.map(([way, name, setup, disabled = []]) => ({
    way,
    integration: 'express',
    disabled,
    start: express(name, setup),
    route: asIs,
    text500: /Error: in the handler/,
    refusal: (status) => ({ status }),
    seesLate: true,
    seesGone: true,
  })),
  ...FASTIFY_WAYS.map(([way, setup, disabled = []]) => ({
    way,
    integration: 'fastify',
    disabled,
    start: fastifyWith(setup),
    route: asIs,
    text500: /^\{"statusCode":500,"error":"Internal Server Error","message":"in the handler"\}$/,
    refusal: (statusCode) => ({ statusCode }),
    seesLate: false,
    seesGone: true,
  })),
  {
    way: 'koa',
    integration: 'koa',
    disabled: [],
    start: koa,
    route: asIs,
    text500: /^Internal Server Error$/,
    refusal: (status) => ({ status }),
    seesLate: true,
    seesGone: true,
  },
  {
    way: 'hapi',
    integration: 'hapi',
    disabled: [],
    start: hapi,
    route: inBraces,
    text500: /"message":"An internal server error occurred"/,
    refusal: (statusCode) => ({ isBoom: true, output: { statusCode, payload: {}, headers: {} } }),
    seesLate: false,
    // It gives up the request with the connection, and whatever becomes of it.
    seesGone: false,
  },
];

/** `[framework, what, source, transaction]` of programs, by what is loaded first. */
export function programs(ours, modules) {
  return Object.entries(PROGRAMS).flatMap(([framework, { module, transaction, make, setup = '', late = '', run }]) => {
    const [file, cjs, esm] = [require.resolve(module), ours, modules].map((path) => JSON.stringify(path));
    const story = `fw.init(); ${make} ${setup} ${run}`;
    return [
      [`CommonJS, ${framework} first`, `const framework = require(${file}); const fw = require(${cjs}); ${story}`],
      [
        'CommonJS, faultwire first',
        `const fw = require(${cjs}); fw.init(); const framework = require(${file}); ${story}`,
      ],
      [
        `ESM, ${framework} first`,
        `import(${file}).then(async ({ default: framework }) => { const fw = await import(${esm}); ${story} });`,
      ],
      [
        'ESM, faultwire first',
        `import(${esm}).then(async (fw) => { fw.init(); const { default: framework } = await import(${file}); ${story} });`,
      ],
      [
        'an application that is there before init',
        `const framework = require(${file}); ${make} const fw = require(${cjs}); fw.init(); ${setup} ${late} ${run}`,
      ],
    ].map(([what, source]) => [framework, what, source, transaction]);
  });
}
