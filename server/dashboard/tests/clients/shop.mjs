// A shop that fails when it is told to: lines of JSON come in, each is answered with a line once its error is delivered.
import { createInterface } from 'node:readline';
import * as faultwire from '../../../../sdk-node/dist/index.mjs';

const dsn = process.env.SHOP_DSN;
let running;

function release(name) {
  if (name === running) return;
  running = name;
  // Another release of the same shop, as a deployment would start it.
  faultwire.init({ dsn, release: name, environment: 'production', spool: false });
}

/** An error of a class of its own. */
function error(type, value) {
  const Fault = { [type]: class extends Error {} }[type];
  Fault.prototype.name = type;
  return new Fault(value);
}

function charge(order) {
  throw error(order.type, order.value);
}

function checkout(order) {
  faultwire.addBreadcrumb({ category: 'shop', message: `checkout of ${order.type}`, data: { items: 3 } });
  return charge(order);
}

release('shop@1.0.0');
for await (const line of createInterface({ input: process.stdin })) {
  const { type, value = 'no such thing', release: named, tags, user } = JSON.parse(line);
  if (named) release(named);
  let id;
  try {
    checkout({ type, value });
  } catch (caught) {
    id = faultwire.captureException(caught, { tags, user, handled: true });
  }
  const isDelivered = await faultwire.flush(15_000);
  process.stdout.write(`${JSON.stringify({ id, isDelivered })}\n`);
}
