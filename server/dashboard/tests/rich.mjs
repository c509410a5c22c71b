// An event with all that a client may say of a failure.

const library = (index) => ({
  filename: `site-packages/requests/part${index}.py`,
  module: `requests.part${index}`,
  function: `step_${index}`,
  lineno: 100 + index,
  in_app: false,
  context_line: '    return self.send(request)',
  pre_context: ['try:'],
  post_context: ['finally:'],
});

const own = (name, lineno, vars = {}) => ({
  filename: 'shop/checkout.py',
  abs_path: '/srv/shop/checkout.py',
  module: 'shop.checkout',
  function: name,
  lineno,
  in_app: true,
  context_line: `    return ${name}(order, retry=True)`,
  pre_context: ['def pay(order):', '    # once, and only once'],
  post_context: ['', 'def refund(order):'],
  vars,
});

/** A declined card, with its cause and the cause of that, in the words of a foreign client. */
export function rich(more = {}) {
  const now = Date.now() / 1000;
  return {
    platform: 'python',
    release: 'shop@2.4.1',
    environment: 'production',
    server_name: 'web-3',
    transaction: 'POST /checkout',
    timestamp: now,
    exception: {
      values: [
        {
          type: 'ConnectionResetError',
          value: 'reset by peer',
          mechanism: { type: 'chained', exception_id: 2, parent_id: 1, source: '__context__' },
          stacktrace: { frames: [own('send', 12)] },
        },
        {
          type: 'GatewayError',
          value: 'no answer',
          mechanism: { type: 'chained', exception_id: 1, parent_id: 0, source: '__cause__' },
          stacktrace: { frames: [library(50), own('authorize', 77, { timeout: '2.5' })] },
        },
        {
          type: 'CardDeclinedError',
          module: 'shop.errors',
          value: 'card was declined',
          mechanism: { type: 'generic', handled: false, exception_id: 0 },
          stacktrace: {
            frames: [
              ...Array.from({ length: 12 }, (_, index) => library(index)),
              own('checkout', 42, {
                order: { id: 'A-17', items: [{ sku: 'P-1', quantity: 2 }] },
                password: 'hunter2',
              }),
              own('charge', 91, { amount: 39.8 }),
            ],
          },
        },
      ],
    },
    breadcrumbs: {
      values: Array.from({ length: 34 }, (_, index) => ({
        timestamp: now - (34 - index),
        category: 'query',
        level: index === 33 ? 'warning' : 'info',
        message: `statement ${index + 1}`,
        data: { rows: index },
      })),
    },
    user: { id: 'u-17', plan: 'pro' },
    request: {
      url: 'https://shop.example.com/checkout',
      method: 'POST',
      query_string: 'coupon=WINTER&page=2',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer abcdefgh12345678' },
      data: { cart: [{ sku: 'P-1' }], note: 'leave it at the door' },
    },
    tags: { plan: 'pro', region: 'eu-west-1' },
    contexts: {
      trace: { trace_id: '0123456789abcdef0123456789abcdef', span_id: '0123456789abcdef' },
      runtime: { name: 'CPython', version: '3.12.4' },
    },
    extra: { cart: { items: 3 }, log: 'x'.repeat(3000) },
    modules: { django: '5.1', psycopg: '3.2.1' },
    sdk: { name: 'other.python', version: '2.14.0' },
    ...more,
  };
}
