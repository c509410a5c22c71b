// Parts of requests with secrets in them, made anew at each call.

import { aws, basic, card, email, jwt, opaque, ordinary, stripe } from './seeds.mjs';

export const headers = () => ({
  Authorization: `Bearer ${jwt('bearer')}`,
  'proxy-authorization': basic('proxy'),
  Cookie: `theme=dark; sessionid=${opaque('session cookie')}; csrftoken=${opaque('csrf cookie')}`,
  'set-cookie': `refresh=${opaque('set-cookie')}; HttpOnly`,
  'x-api-key': opaque('x-api-key'),
  'X-Acme-Token': opaque('x-acme-token'),
  'x-amz-security-token': opaque('x-amz-security-token'),
  'x-auth': opaque('x-auth'),
  'x-vault': stripe('token in another header'),
  'x-config': JSON.stringify({ password: opaque('JSON header') }),
  'x-original-url': `/pay?token=${opaque('x-original-url')}`,
  referer: `https://ann:${opaque('login in the referer')}@shop.example/reset?token=${opaque('referer')}`,
  from: email('from'),
  'x-client': ordinary('acme-client'),
  'user-agent': ordinary('tea-lover/1.0'),
});

export const query = () =>
  `api_key=${opaque('query')}&page=2&q=${aws('query value')}&next=${encodeURIComponent(`/a?token=${opaque('nested link')}`)}` +
  `&user[password]=${opaque('query in brackets')}&code=${opaque('oauth code')}&X-Amz-Signature=${opaque('presigned')}` +
  `&%61pi_key=${opaque('encoded name')}&${jwt('lone')}`;

export const document = () => ({
  name: ordinary('ann-of-the-shop'),
  password: opaque('JSON body'),
  payment: { card: card('card'), cvv: opaque('cvv'), 'api-key': opaque('nested JSON') },
  items: [{ sku: ordinary('earl-grey-77'), access_token: opaque('list in JSON') }],
  note: `leave at ${ordinary('gate 12')}, secret: ${opaque('pair in JSON')}`,
  inner: JSON.stringify({ client_secret: opaque('JSON in JSON'), a: [1] }),
});
