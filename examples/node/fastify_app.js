/**
 * A Fastify service of accounts that fails in several ways; each failure is one event.
 *
 *     FAULTWIRE_DSN=http://KEY@HOST/1 PORT=3000 node examples/node/fastify_app.js
 *
 *     curl 'localhost:3000/users/7?api_key=key_secret' -H 'Cookie: session=abc'
 *     curl localhost:3000/login -d '{"name": "ann", "password": "secret"}' -H 'Content-Type: application/json'
 */

import * as faultwire from 'faultwire';
import Fastify from 'fastify';

// Before the first instance: those that are made later are covered without another line.
faultwire.init({ release: 'accounts@2.0.0', environment: 'demo' });

const app = Fastify();

app.get('/', async () => ({ status: 'ok' }));

app.get('/users/:number', async (request) => {
  const number = Number(request.params.number);
  faultwire.setUser({ id: number });
  const user = await find(number);
  return { name: user.name };
});

/** Never finds anybody. */
async function find(number) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return new Map([[1, { name: 'ann' }]]).get(number);
}

/** The body is part of the event, without what is secret in it. */
app.post('/login', async (request) => {
  throw new Error(`no way in for ${request.body.name}`);
});

/** All that failed is in one event. */
app.get('/report', async () => {
  const parts = await Promise.allSettled(['orders', 'stock'].map(count));
  const failed = parts.filter((part) => part.status === 'rejected').map((part) => part.reason);
  throw new AggregateError(failed, `${failed.length} parts of the report failed`);
});

async function count(table) {
  throw new TypeError(`cannot count ${table}`);
}

/** No failure of ours: answers below 500 are not captured. */
app.get('/private', async (_request, reply) => reply.code(403).send({ error: 'not for you' }));

console.log(await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' }));
