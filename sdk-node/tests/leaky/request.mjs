// What a request brings: told by an integration as its surroundings, or by the application in an event of its own.

import { document, headers, query } from './parts.mjs';
import { aws, email, github, jwt, opaque, ordinary, pem, stripe } from './seeds.mjs';

/** Bodies as they come: parsed, as a text, as a form, cut, of no known form. */
const bodies = () => {
  const json = JSON.stringify(document());
  const form = new URLSearchParams({
    name: 'ann',
    password: opaque('form'),
    'user[secret]': opaque('form, brackets'),
    next: `/x?token=${opaque('link in a form')}`,
    json: JSON.stringify({ pwd: opaque('JSON in a form') }),
  });
  return [
    document(),
    [document()],
    json,
    json.slice(0, -4),
    `\ufeff${json}`,
    form.toString(),
    Object.fromEntries(form),
    [1, 2].map((n) => JSON.stringify({ password: opaque(`JSON lines, ${n}`) })).join('\n'),
    `<login><name>x</name><password>${opaque('XML')}</password><a token='${opaque('attribute')}'/></login>`,
    `--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n${opaque('multipart')}\r\n--x--\r\n`,
    { [stripe('name of a field')]: 1, file: pem('file') },
  ];
};

/** What the integration of a server knows beside the scopes. */
export function surroundings(fw) {
  for (const data of bodies()) {
    fw.withIsolationScope((scope) => {
      scope.source = () => ({
        transaction: `GET /pay/${jwt('in the path')}`,
        user: { id: '7', ip_address: '203.0.113.9', token: opaque('user of a request') },
        request: {
          method: 'POST',
          url: `https://ann:${opaque('login of the URL')}@shop.example/pay/${ordinary('ORD-5512')}?password=${opaque('query of the URL')}#access_token=${opaque('fragment')}`,
          query_string: query(),
          headers: headers(),
          cookies: { sessionid: opaque('cookies') },
          data,
        },
        contexts: { route: { params: { token: opaque('parameter of a route') }, name: ordinary('pay-route') } },
      });
      fw.captureException(Object.assign(new Error('refused'), { apiKey: opaque('property') }));
      fw.captureMessage('refused');
    });
  }
}

/** `captureEvent` with a secret in every field that a caller can fill. */
export function wholeEvents(fw) {
  ['berlin-4', 'cdn.example', 'shop.pay', 'page=2'].forEach(ordinary);
  for (const data of bodies()) {
    fw.captureEvent(event(data));
  }
}

const event = (data) => ({
  platform: 'other',
  level: 'error',
  logger: `log.${aws('logger')}`,
  transaction: `/pay?token=${opaque('transaction')}`,
  server_name: `host ${github('server name')}`,
  release: `shop@${stripe('release')}`,
  dist: aws('dist'),
  environment: github('environment'),
  logentry: {
    message: 'login %s password=%s',
    params: [stripe('params'), opaque('param named by its template')],
    formatted: `login password=${opaque('formatted')}`,
  },
  exception: {
    values: [
      {
        type: `Error ${aws('type')}`,
        value: `postgresql://app:${opaque('value')}@db.example/orders`,
        module: `mod.${aws('module')}`,
        mechanism: { type: 'generic', handled: true, data: { password: opaque('mechanism data') } },
        stacktrace: {
          frames: [
            {
              function: 'pay',
              module: 'shop.pay',
              filename: `https://cdn.example/a.js?token=${opaque('filename')}`,
              abs_path: `https://ann:${opaque('abs_path')}@cdn.example/a.js`,
              lineno: 3,
              pre_context: [`apiKey = '${opaque('pre_context')}'`],
              context_line: `connect({ password: "${opaque('context_line')}" })`,
              post_context: pem('post_context', 3).split('\n'),
              vars: { token: opaque('vars'), d: { auth: [opaque('nested vars')] } },
              in_app: true,
            },
          ],
        },
      },
    ],
  },
  breadcrumbs: [
    { type: 'http', message: `secret=${opaque('breadcrumb')}`, data: { cookie: opaque('breadcrumb data') } },
  ],
  user: { id: '7', email: email('user'), api_key: opaque('user'), ip_address: '203.0.113.77' },
  request: {
    url: `https://ann:${opaque('url login')}@shop.example/pay?password=${opaque('url query')}`,
    method: 'POST',
    query_string: query(),
    headers: headers(),
    cookies: { sessionid: opaque('cookies') },
    data,
    env: { DB_PASSWORD: opaque('env password') },
  },
  contexts: {
    app: { app_version: '1.0.0.1', token: opaque('app context') },
    trace: { description: `token=${opaque('trace')}` },
  },
  tags: { api_key: opaque('tag'), shop: 'berlin-4' },
  extra: { password: opaque('extra'), deep: { a: { b: { token: opaque('deep extra') } } } },
  modules: { express: '5.1.0', [stripe('module name')]: '1' },
  fingerprint: ['a', `token=${opaque('fingerprint')}`],
  unknown_field: { password: opaque('unknown field'), x: stripe('token in an unknown field') },
});
