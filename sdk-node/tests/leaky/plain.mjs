// Captures without a framework: whatever an application says of itself may hold a secret. No secret stands in a source
// line: a stack shows those, too.

import {
  awkward,
  aws,
  basic,
  card,
  digits,
  dsnString,
  email,
  github,
  jwt,
  opaque,
  ordinary,
  pem,
  stripe,
} from './seeds.mjs';

class Account {
  #hidden = opaque('private field');

  constructor(password, title) {
    this.password = password;
    this.title = title;
    this._private = { apiKey: opaque("private attribute's member") };
  }

  get accessToken() {
    return this.#hidden;
  }

  toJSON() {
    return { shown: opaque('toJSON') };
  }

  toString() {
    return `Account(${this.#hidden})`;
  }
}

/** Every kind of value that can hang on an error. */
export function ownProperties(fw) {
  const document = JSON.stringify({ user: 'ann', password: opaque('JSON text'), n: 1 });
  const number = card('card with spaces');
  const error = Object.assign(new Error(ordinary('order 88213 was refused by the bank')), {
    password: opaque('string'),
    apiKey: Buffer.from(opaque('buffer')),
    token: new Uint8Array(Buffer.from(opaque('bytes'))),
    pinSecret: digits('number'),
    accessToken: new String(opaque('text object')),
    secretNumber: BigInt(digits('big integer')),
    credentials: { user: 'ann', password: opaque('object of a sensitive name') },
    config: { db: { PASSWORD: opaque('nested object'), host: ordinary('db7.internal.example') } },
    accounts: [{ name: 'a', auth_token: opaque('list of objects') }, { sessionId: opaque('list of objects, 2') }],
    pairs: [['password', opaque('list of pairs')]],
    passwords: [opaque('list under a sensitive name'), [opaque('list in it')], new Set([opaque('set in it')])],
    byToken: { [stripe('key of an object')]: 1, [jwt('key of an object, jwt')]: 2 },
    map: new Map([
      ['password', opaque('map')],
      [stripe('key of a map'), 1],
      [{}, aws('map by object')],
    ]),
    set: new Set([aws('set')]),
    account: new Account(opaque('attribute'), ordinary('account of a customer')),
    symbols: { [Symbol(opaque('symbol as a key'))]: 1, shown: Symbol(stripe('symbol')) },
    named: { [opaque('anonymous')]: 1, fn: () => opaque('function') }.fn,
    pattern: new RegExp(`token=${opaque('pattern')}`),
    when: new Date(1_700_000_000_000),
    inner: Object.assign(new Error(`password=${opaque('text of an error in it')}`), { secret: opaque('error in it') }),
    config2: {
      headers: {
        Authorization: `Bearer ${opaque('bearer header')}`,
        authorization: basic('basic header'),
        Cookie: `sessionid=${opaque('cookie header')}`,
        'X-Acme-Token': opaque('custom header'),
        nested: [{ headers: [['X-Api-Key', opaque('header pair')]] }],
      },
      auth: { username: 'ann', password: opaque('auth of a request') },
      data: JSON.stringify({ client_secret: awkward('body of a request') }),
      url: `https://ann:${opaque('url of a request')}@shop.example/pay?token=${opaque('query of a request')}&page=2`,
    },
    response: { status: 401, headers: new Map([['set-cookie', [`sessionid=${opaque('set-cookie')}; HttpOnly`]]]) },
    rawHeaders: ['Authorization', `Bearer ${opaque('raw headers')}`, 'X-Api-Key', opaque('raw headers, 2')],
    text: `retry with password=${opaque('pair in a text')} for order ${ordinary('ORD-20417')}`,
    document,
    twice: JSON.stringify({ body: document }),
    shown: `{ user: 'ann', client_secret: '${opaque('as node shows it')}' }`,
    query: `SELECT * FROM t WHERE token='${opaque('sql')}'`,
    link: `https://shop.example/reset?token=${opaque('link')}&page=2`,
    git: `https://${github('github token as user')}@github.com/acme/shop.git`,
    certificate: pem('pem'),
    oneLine: pem('pem with escaped line ends').replaceAll('\n', '\\n'),
    number: card('card'),
    spaced: number.replace(/(\d{4})(?=\d)/g, '$1 '),
    orderId: ordinary('6f1c2f4e-52a1-4e0b-9d2e-3b6f0a9d1c77'),
    path: ordinary('/srv/app/releases/2024-11-02/main.js'),
    sentence: ordinary('the parcel was handed over at gate 12'),
  });
  fw.captureException(error);
  // More members than are kept go with it, each looked at alone.
  for (const [key, value] of Object.entries(error)) {
    fw.captureException(Object.assign(new Error('one by one'), { [key]: value }));
  }
  fw.captureException({
    password: opaque('member of what was thrown'),
    note: `token=${opaque('pair in what was thrown')}`,
  });
  fw.captureException(`password=${opaque('thrown text')} ${jwt('thrown jwt')}`);
  fw.captureException([aws('thrown list'), { secret: opaque('thrown list, 2') }]);
  fw.captureException({ message: `api_key=${opaque('message of what was thrown')}` });
}

/** Texts of errors, their causes, and members of groups. */
export function errors(fw) {
  ordinary('db.internal.example');
  const cause = new Error('login failed', { cause: { password: opaque('cause that is no error') } });
  const middle = new TypeError(
    `could not connect to ${dsnString('connection string')} ${ordinary('after 3 attempts')}`,
    { cause },
  );
  fw.captureException(
    new Error(`no session for ${jwt('jwt in the text')}, key ${aws('aws key in the text')}`, { cause: middle }),
  );
  fw.captureException(new Error('x', { cause: `password=${opaque('cause that is a text')}` }));
  const member = (text) => Object.assign(new Error(text), { token: opaque('property of a member') });
  const inner = new AggregateError([member(jwt('jwt of a member'))], `secret=${opaque('text of an inner group')}`);
  fw.captureException(
    new AggregateError([member(`secret=${opaque('text of a member')}`), inner], `api_key=${opaque('text of a group')}`),
  );
  const named = new Error('x');
  named.name = `Err ${stripe('name of an error')}`;
  fw.captureException(named);
  const stacked = new Error('x');
  stacked.stack = `Error: password=${opaque('text of a stack')}\n    at pay (https://ann:${opaque('url of a frame')}@cdn.example/a.js?token=${opaque('query of a frame')}:3:5)\n    at ${stripe('function')} (/srv/app/a.js:1:2)`;
  fw.captureException(stacked);
  const odd = new Error('x');
  odd.stack = `what a library made of it: token=${opaque('stack of another form')} ${aws('in it')}`;
  fw.captureException(odd);
  const texts = [
    `Server=tcp:sql.example,1433;User ID=ann;Password=${opaque('ADO.NET')};Encrypt=yes`,
    `redis://:${opaque('redis, no user')}@cache.example:6379/0`,
    `amqp://ann:${opaque('amqp')}@mq.example//`,
    `401 for header {"Authorization": "${basic('basic in a text')}"}`,
    `bad cookie: sessionid=${opaque('cookie in a text')}; Path=/`,
    `{"error": "x", "access_token": "${opaque('JSON in a text')}"}`,
    `Unexpected token in JSON: {"password":"${opaque('cut JSON')}`,
    `<login><password>${opaque('XML')}</password></login>`,
    `mysql -u root --password=${opaque('flag')} -h db`,
    `Command failed: curl -u ann:${opaque('curl')} https://api.example`,
    `AWS_SECRET_ACCESS_KEY=${opaque('environment')}`,
    `invalid literal: '${stripe('stripe')}'`,
    `password is '${opaque('prose')}'`,
    `secret key '${opaque('quoted')}' is not known`,
    `user ${email('address in a text')} is unknown`,
    pem('pem in a text'),
  ];
  for (const [n, text] of texts.entries()) {
    fw.captureException(new Error(`${ordinary(`gateway-${n}`)} ${text}`));
    fw.captureMessage(text);
  }
}

/** Tags, user, contexts, extras, breadcrumbs, transaction, fingerprint. */
export function scopes(fw) {
  fw.setTag('api_key', opaque('tag of a sensitive name'));
  fw.setTags({
    note: `token=${opaque('pair in a tag')}`,
    [stripe('name of a tag')]: '1',
    shop: ordinary('shop-berlin'),
  });
  fw.setTag('link', `https://ann:${opaque('link in a tag')}@shop.example/x?signature=${opaque('signature')}`);
  fw.setTag('mail', email('tag'));
  fw.setUser({
    id: ordinary('user-4411'),
    email: email('user'),
    username: email('user name').split('@')[0],
    password: opaque('password of the user'),
    data: { refresh_token: opaque('token of the user') },
  });
  fw.setContext('payment', {
    client_secret: opaque('context'),
    deep: [{ x: { privateKey: pem('pem in a context') } }],
    method: ordinary('sepa-debit'),
    raw: aws('aws key in a context'),
  });
  fw.setContext('credentials', { value: opaque('context of a sensitive name'), token: opaque('in it') });
  fw.setContext('session', { kind: ordinary('web-session-kind'), id: 'x', token: opaque('session context') });
  fw.setExtra('credentials', [opaque('extra list'), { a: opaque('extra object') }]);
  fw.setExtra('response', `{"token": "${opaque('JSON in an extra')}"}`);
  fw.setExtra('rows', { password_hash: opaque('hash'), items: [ordinary('tea-4711')] });
  fw.setExtra('cart', new Account(opaque('object in an extra'), 'x'));
  fw.setTransaction(`/reset/${jwt('transaction')}/done`);
  fw.setSession(ordinary('7d1b2c3d-session'));
  fw.setFingerprint(['payment', `token=${opaque('fingerprint')}`, jwt('jwt in a fingerprint')]);
  fw.addBreadcrumb({
    message: `GET https://shop.example/?access_token=${opaque('breadcrumb')}`,
    category: 'http',
    data: {
      url: `https://ann:${opaque('url of a breadcrumb')}@shop.example/a?sig=${opaque('sig of a breadcrumb')}`,
      headers: { authorization: `Bearer ${opaque('headers of a breadcrumb')}` },
      body: `user=ann&password=${opaque('body of a breadcrumb')}`,
      status_code: 503,
    },
  });
  fw.addBreadcrumb({ message: ordinary('opened the cart'), data: { 'X-Api-Key': opaque('data of a breadcrumb') } });
  fw.captureMessage(`${ordinary('cart is empty')}, token: ${opaque('message')}`);
  const call = () => ({
    tags: { session_token: opaque('tag of a call') },
    extra: { password: opaque('extra of a call') },
    contexts: { c: { pwd: opaque('context of a call') } },
    user: { id: '1', secret: opaque('user of a call') },
    fingerprint: [`api_key=${opaque('fingerprint of a call')}`],
    transaction: `/x?token=${opaque('transaction of a call')}`,
    logger: `log ${aws('logger of a call')}`,
    mechanism: `by ${stripe('mechanism of a call')}`,
  });
  fw.captureMessage('rejected', {
    ...call(),
    template: 'rejected %s',
    params: [stripe('parameter'), { password: opaque('parameter, 2') }],
  });
  fw.captureException(new Error('rejected'), call());
  fw.withScope((scope) => {
    scope.setTag('secret', opaque('tag of a scope'));
    scope.setExtra('note', `password=${opaque('extra of a scope')}`);
    fw.globalScope().setContext('everywhere', { token: opaque('global context') });
    fw.captureMessage('in a scope');
  });
}

/** The same with our fingerprint in the event's place, and its record asked for. */
export function fingerprints(fw) {
  const error = new Error(`token=${opaque('text')} of ${jwt('jwt in the text')}`);
  const record = JSON.stringify(fw.explain(error));
  fw.captureException(error, { fingerprint: ['{{ default }}', `password=${opaque('part')}`] });
  fw.captureMessage(record);
}
fingerprints.options = { fingerprintMode: 'override' };

/** What `beforeSend` and `beforeBreadcrumb` add is sanitized like all else. */
export function hooks(fw) {
  fw.addBreadcrumb({ message: 'x' });
  fw.captureException(new Error('plain'));
  fw.captureMessage('plain');
}
hooks.options = {
  beforeSend: (event) => {
    event.extra = { ...event.extra, password: opaque('added extra'), found: jwt('added text') };
    event.tags = { ...event.tags, api_key: opaque('added tag'), more: ordinary('added by the app') };
    event.request = { url: `https://a:${opaque('added url')}@shop.example/` };
    event.contexts = { ...event.contexts, debug: { environ: { DB_PASSWORD: opaque('added context') } } };
    event.contexts.faultwire = { ...event.contexts.faultwire, extra: stripe('added to our own context') };
    for (const value of event.exception?.values ?? []) {
      value.value += ` token=${opaque('added to the text')}`;
      for (const frame of value.stacktrace.frames) {
        frame.vars = { secret: opaque('added local') };
        frame.context_line = `password = "${opaque('added source line')}"`;
      }
    }
    event.fingerprint = [`token=${opaque('added fingerprint')}`];
    event.release = `shop@${stripe('added release')}`;
    return event;
  },
  beforeBreadcrumb: () => ({
    message: `api_key=${opaque('breadcrumb by a hook')}`,
    data: { token: opaque('its data') },
  }),
};

/** Hooks that throw with a secret in their text: stderr says no more than the kind. */
export function failingHooks(fw) {
  fw.addBreadcrumb({ message: 'x' });
  fw.captureMessage('plain');
  fw.captureException(new Error('plain'));
}
const failing = (what) => () => {
  const error = new Error(`password=${opaque(what)} ${jwt(`jwt of ${what}`)}`);
  error.name = opaque(`name of ${what}`);
  throw error;
};
failingHooks.options = {
  beforeSend: failing('beforeSend'),
  beforeBreadcrumb: failing('beforeBreadcrumb'),
  errorSampler: failing('errorSampler'),
};

/** Objects whose own texts hold secrets, or throw them: none is asked. */
export function hostileObjects(fw) {
  const fail = failing('a getter');
  const hostile = {
    toString: fail,
    toJSON: fail,
    [Symbol.toPrimitive]: fail,
    get shown() {
      return fail();
    },
  };
  const proxy = new Proxy({ password: opaque('behind a proxy') }, { get: fail, ownKeys: fail });
  for (const value of [hostile, proxy]) {
    fw.setTag('hostile', value);
    fw.setExtra('hostile', value);
    fw.setUser(value);
    fw.setContext('hostile', value);
    fw.addBreadcrumb(value);
    fw.captureMessage(value);
    fw.captureException(value);
    fw.captureException(Object.assign(new Error('x'), { value }), value);
  }
}
