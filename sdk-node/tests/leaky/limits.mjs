// Secrets that stand where something is cut: the end of a value, of a message, of what is copied at all. What a cut
// leaves of a token is too short for any rule, and may be enough for somebody else.

import { aws, awkward, basic, dsnString, github, jwt, opaque, ordinary, pem, stripe } from './seeds.mjs';

const VALUE = 64;
const MESSAGE = 8192;
/** What extraction copies beyond a limit (`src/extract/text.ts`). */
const LOOK_AHEAD = 4096;

const KINDS = {
  jwt,
  aws,
  stripe,
  github,
  basic,
  bearer: (name) => `Bearer ${opaque(name)}`,
  'connection string': dsnString,
  pair: (name) => `password=${opaque(name)}`,
  'JSON pair': (name) => JSON.stringify({ password: awkward(name) }),
  pem: (name) => pem(name, 6),
  cookie: (name) => `Cookie: sessionid=${opaque(name)}; a=b`,
  link: (name) => `https://shop.example/?a=1&access_token=${opaque(name)}&b=2`,
};

/** Ordinary text of exactly that length, ending in a blank. */
const words = (length) => (length > 0 ? `${'the parcel was late '.repeat(length / 20 + 1).slice(0, length - 1)} ` : '');

/** Where a token has to begin so that the limit falls before it, at parts of it, behind it. */
function offsets(limit, token, count = 12) {
  const step = Math.max(1, Math.floor(token.length / count));
  const first = Math.max(0, limit - token.length - 2);
  return [...Array.from({ length: Math.ceil((limit - first) / step) }, (_, n) => first + n * step), limit, limit + 1];
}

const filler = (() => {
  let text;
  return () =>
    (text ??= Array.from({ length: 20 }, () => `password=${opaque('filler').repeat(30)} ${pem('filler', 8)} `).join(
      '',
    ));
})();

/** A text of that length which is much shorter once it is filtered. */
const shrinking = (length) =>
  `${filler().slice(0, length - 601)}\n-----END RSA PRIVATE KEY----- ${words(length).slice(-570)}`;

/** Across `maxValueLength`, and across the end of what is copied. */
export function values(fw) {
  ordinary('the parcel was late');
  for (const [kind, make] of Object.entries(KINDS)) {
    const length = make(`${kind}, unused`);
    for (const at of offsets(VALUE, length)) {
      const note = words(at) + make(`${kind} at ${at}`);
      fw.captureException(Object.assign(new Error('x'), { note }), {
        extra: { note, list: [{ note }] },
        tags: { note },
      });
    }
    for (const at of offsets(VALUE + LOOK_AHEAD, length, 6)) {
      for (const begin of [words(at), shrinking(at)]) {
        const note = `${begin}${make(`${kind} at ${at}`)} ${words(200)}`;
        fw.captureException(Object.assign(new Error('x'), { note }));
      }
    }
  }
}
values.options = { maxValueLength: VALUE };

/** Across the limits of messages, of the texts of errors, of breadcrumbs, of names. */
export function messages(fw) {
  for (const [kind, make] of Object.entries(KINDS)) {
    const length = make(`${kind}, unused`);
    for (const limit of [MESSAGE, MESSAGE + LOOK_AHEAD]) {
      for (const at of offsets(limit, length, 4)) {
        for (const begin of [words(at), shrinking(at)]) {
          const text = `${begin}${make(`${kind} at ${at}`)} ${words(200)}`;
          fw.addBreadcrumb({ message: text });
          fw.captureException(new Error(text));
          fw.captureMessage(text, { template: text, params: [text] });
          fw.clearBreadcrumbs();
        }
      }
    }
    for (const at of offsets(256 + LOOK_AHEAD, length, 4)) {
      const name = words(at) + make(`${kind} in a name at ${at}`);
      fw.captureMessage('x', {
        tags: { [name]: name },
        logger: name,
        transaction: name,
        fingerprint: [name],
        extra: { [name]: 1 },
      });
    }
  }
}

/** A private key across each limit: long, and recognised by its first line only. */
export function keyBlocks(fw) {
  for (const limit of [200, 1024, 2048, MESSAGE, MESSAGE + LOOK_AHEAD, 1024 + LOOK_AHEAD]) {
    for (const before of [10, 40, 300, 1000]) {
      const block = words(Math.max(limit - before, 0)) + pem(`pem ${before} before ${limit}`, 26);
      fw.setTag('note', block);
      fw.setExtra('note', block);
      fw.setContext('note', { text: block });
      fw.addBreadcrumb({ message: 'x', data: { text: block, a: words(1500), b: block } });
      fw.captureException(Object.assign(new Error(block), { note: block }), {
        transaction: block,
        fingerprint: [block],
      });
      fw.clearBreadcrumbs();
    }
  }
}

/** Events that have to shrink: what is thrown out is thrown out whole. */
export function large(fw) {
  for (let n = 0; n < 100; n++) {
    fw.addBreadcrumb({ message: words(8185) + stripe('breadcrumb'), data: { token: opaque('data') } });
  }
  let nested = opaque('bottom');
  for (let n = 0; n < 30; n++) {
    nested = { a: nested, password: opaque('on the way down'), list: [[aws('in lists')]] };
  }
  fw.setExtra('nested', { top: nested });
  fw.setExtra(
    'wide',
    Array.from({ length: 300 }, () => ({ secret: opaque('wide extra') })),
  );
  fw.setExtra(
    'long',
    Array.from({ length: 90 }, () => words(1000) + dsnString('long extra')),
  );
  fw.setContext(
    'long',
    Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, words(1000) + jwt('long context')])),
  );
  const members = {
    ...Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, n])),
    password: opaque('last member'),
  };
  fw.captureException(Object.assign(new Error(words(9000) + jwt('in the text')), { members, nested }));
}
