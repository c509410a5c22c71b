/**
 * An Express shop that fails in several ways; each failure is one event. The same shop as
 * `../python/fastapi_app.py`, with the same faults.
 *
 *     FAULTWIRE_DSN=http://KEY@HOST/1 PORT=3000 node examples/node/express_app.js
 *
 *     curl 'localhost:3000/orders/7?token=tok_secret' -H 'Authorization: Bearer abc' -H 'X-Customer: acme'
 *     curl localhost:3000/checkout -d '{"item": "tea", "card": "4111 1111 1111 1111"}' -H 'Content-Type: application/json'
 */

import * as faultwire from 'faultwire';
import express from 'express';

// That is all: the framework is covered without another line.
faultwire.init({ release: 'shop@1.4.2', environment: 'demo' });

const app = express();
app.use(express.json());

/** What it says of the user is on this request's events, and on no other's. */
async function customer(request, _response, next) {
  await new Promise((resolve) => setImmediate(resolve));
  request.who = request.get('x-customer') ?? 'guest';
  faultwire.setUser({ id: request.who });
  next();
}

app.get('/', (_request, response) => {
  response.json({ status: 'ok' });
});

/** An unhandled error, with secrets in the query and the headers, and one in its own message. */
app.get('/orders/:number', customer, function order(request, response) {
  const { number } = request.params;
  console.info('order %s looked up', number);
  const connection = `postgres://shop:hunter2-${request.who}@db.internal/orders`;
  response.json({ total: prices(connection)(number) });
});

function prices(connection) {
  const known = new Map([
    ['1', 9.5],
    ['2', 12],
  ]);
  return function lookUp(number) {
    if (!known.has(number)) {
      throw new RangeError(`no order ${number} at ${connection}`);
    }
    return known.get(number);
  };
}

/** A chained error: what failed below is the cause of what is reported. */
app.post('/checkout', customer, async function checkout(request, response) {
  faultwire.setContext('checkout', { items: Object.keys(request.body).length });
  try {
    response.json(charge(request.body));
  } catch (error) {
    throw new Error(`checkout of ${request.who} failed`, { cause: error });
  }
});

function charge(order) {
  return { charged: order.price.amount };
}

/** Captured with what only this place knows, and then thrown on: one event, not two. */
app.get('/stock/:item', function stock(request, response) {
  const { item } = request.params;
  try {
    response.json({ count: JSON.parse(process.env[`STOCK_${item.toUpperCase()}`] ?? '') });
  } catch (error) {
    faultwire.captureException(error, { extra: { item } });
    throw error;
  }
});

/** A handled error: the client gets an answer, and we get to know. */
app.get('/quote/:number', function quote(request, response) {
  try {
    response.json({ price: 100n / BigInt(request.params.number) });
  } catch (error) {
    const eventId = faultwire.captureException(error, { tags: { feature: 'quote' } });
    response.json({ price: null, report: eventId });
  }
});

/** A failure after the answer was sent. */
app.post('/newsletter', (_request, response) => {
  response.json({ status: 'queued' });
  sendNewsletter(['ann@example.com', '']).catch((error) => faultwire.captureException(error));
});

async function sendNewsletter(addresses) {
  for (const address of addresses) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!address.includes('@')) {
      throw new Error('an address without @', { cause: { addresses } });
    }
  }
}

/** A recursion without an end: a stack of one function arrives as a few frames. */
app.get('/category/:name', function list(request, response) {
  response.json(category(request.params.name));
});

function category(name) {
  return [name, ...category(name)];
}

/** No failure of ours: answers below 500 are not captured. */
app.get('/missing', () => {
  throw Object.assign(new Error('no such page'), { status: 404 });
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
