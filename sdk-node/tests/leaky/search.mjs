// Looks for secrets in a text: any piece of one, plain or encoded. As `tests/leaky/search.py` does.

/** Characters: shorter pieces occur by chance, longer ones would miss a token of which a cut left the beginning. */
const PIECE = 8;
/** Of figures and of encodings with few characters. */
const LONG_PIECE = 12;
/** Each piece is looked at once: events repeat themselves, and ordinary words are shorter than a piece. */
const TOKEN = /[^\s",]{8,}/g;

function forms(secret) {
  const raw = Buffer.from(secret);
  const inJson = JSON.stringify(secret).slice(1, -1);
  const all = [
    ['plain', secret],
    ['percent-encoded', encodeURIComponent(secret)],
    ['form-encoded', new URLSearchParams([['', secret]]).toString().slice(1)],
    ['in JSON', inJson],
    ['in JSON in JSON', JSON.stringify(inJson).slice(1, -1)],
    ['hexadecimal', raw.toString('hex')],
    ['reversed', [...secret].reverse().join('')],
  ];
  for (let shift = 0; shift < 3; shift++) {
    // What base64 makes of it depends on what stands before; the edges depend on the neighbours.
    for (const name of ['base64', 'base64url']) {
      const encoded = Buffer.concat([Buffer.alloc(shift), raw]).toString(name);
      all.push([name, encoded.slice(shift === 0 ? 0 : 4, Math.floor(encoded.length / 4) * 4 - 4)]);
    }
  }
  return all;
}

/** What of the secrets, by name, is in `text`: one line each, with what stands around it. */
export function leaks(text, secrets) {
  const pieces = new Map([
    [PIECE, new Map()],
    [LONG_PIECE, new Map()],
  ]);
  for (const [name, secret] of Object.entries(secrets)) {
    for (const [form, encoded] of forms(secret)) {
      const length = form === 'plain' && !/^\d+$/.test(secret) ? PIECE : LONG_PIECE;
      for (let at = 0; at + length <= encoded.length; at++) {
        pieces.get(length).set(encoded.slice(at, at + length), `${name} (${form})`);
      }
    }
  }
  const found = new Map();
  for (const token of new Set(text.match(TOKEN))) {
    for (const [length, known] of pieces) {
      for (let at = 0; at + length <= token.length; at++) {
        const hit = known.get(token.slice(at, at + length));
        if (hit !== undefined && !found.has(hit)) {
          const begin = text.indexOf(token) + at;
          found.set(hit, `${hit}: ...${text.slice(Math.max(0, begin - 100), begin + 40)}...`);
        }
      }
    }
  }
  return [...found.values()];
}
