/**
 * The same program in every language: an order that cannot be placed, and a queue that is long.
 *
 *     FAULTWIRE_DSN=http://KEY@HOST/1 node examples/node/orders.js
 */

import * as faultwire from 'faultwire';

/** As drivers do, it says in its text where it wanted to connect, password and all. */
class StockError extends Error {
  name = 'StockError';
}

/** What the shop makes of it. */
class OrderFailed extends Error {
  name = 'OrderFailed';
}

function reserveStock() {
  throw new StockError('no connection to postgres://shop:s3cret-Passw0rd@db.internal:5432/stock');
}

function placeOrder(order) {
  faultwire.addBreadcrumb({ message: `placing order ${order}` });
  try {
    reserveStock();
  } catch (cause) {
    throw new OrderFailed(`order ${order} could not be placed`, { cause });
  }
}

faultwire.init({ release: 'shop@1.2.3', environment: 'demo' });
faultwire.globalScope().setTag('service', 'shop');

// One request: what is said in here is on its events only.
faultwire.withIsolationScope(() => {
  faultwire.setUser({ id: '42' });
  faultwire.setTransaction('POST /orders');
  try {
    placeOrder(1001);
  } catch (error) {
    faultwire.captureException(error);
  }
});

faultwire.withScope((scope) => {
  scope.setTag('queue', 'mail');
  faultwire.captureMessage('the mail queue is long', 'warning');
});
