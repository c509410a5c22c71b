// Secrets that nobody else has, and ordinary texts, each remembered for the test to look for. The same kinds as in
// `tests/leaky/seeds.py`.

import { randomInt } from 'node:crypto';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const LETTERS = LOWER + LOWER.toUpperCase();
const DIGITS = '0123456789';
const BASE64 = `${LETTERS}${DIGITS}+/`;

const secrets = new Map();
const texts = [];

const letters = (alphabet, count) => Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('');

function remember(name, hidden) {
  while (secrets.has(name)) {
    name += "'";
  }
  secrets.set(name, hidden);
}

/** A password: only the name it stands under gives it away. */
export function opaque(name) {
  const hidden = `Zq${letters(DIGITS, 1)}${letters(LETTERS + DIGITS, 17)}`;
  remember(name, hidden);
  return hidden;
}

/** A password that URLs and JSON have to escape. */
export function awkward(name) {
  const hidden = `${letters(LETTERS, 10)}+"${letters(LETTERS, 10)}\\%${letters('qxzjk', 10)}`;
  remember(name, hidden);
  return hidden;
}

export function digits(name, count = 12) {
  const hidden = letters('123456789', count);
  remember(name, hidden);
  return Number(hidden);
}

/** Three parts; the first is the same for everybody. */
export function jwt(name) {
  const payload = Buffer.from(JSON.stringify({ sub: letters(LETTERS, 24) })).toString('base64url');
  const signature = letters(`${LETTERS}${DIGITS}-_`, 43);
  remember(`${name}, payload`, payload.slice(12));
  remember(`${name}, signature`, signature);
  return `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.${payload}.${signature}`;
}

function known(prefix, alphabet, count, end) {
  return (name) => {
    const tail = letters(alphabet, count) + end;
    remember(name, tail);
    return prefix + tail;
  };
}

/** Known by their looks, whatever they are called. */
export const aws = known('AKIA', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 14, '7Q');
export const stripe = known('sk_live_', LETTERS + DIGITS, 22, '4x');
export const github = known('ghp_', LETTERS + DIGITS, 34, '4x');

/** A private key; each line of it is a secret. */
export function pem(name, lines = 12) {
  const rows = Array.from({ length: lines }, () => letters(BASE64, 64));
  rows.forEach((row, n) => remember(`${name}, line ${n + 1}`, row));
  return ['-----BEGIN RSA PRIVATE KEY-----', ...rows, '-----END RSA PRIVATE KEY-----'].join('\n');
}

/** A connection string: the host stays readable. */
export const dsnString = (name, host = 'db.internal.example') => `postgresql://app:${opaque(name)}@${host}:5432/orders`;

export const basic = (name) => `Basic ${Buffer.from(`ann:${opaque(name)}`).toString('base64')}`;

/** A Visa number with its check digit. */
export function card(name) {
  const head = `4${letters(DIGITS, 14)}`;
  let total = 0;
  [...head].reverse().forEach((digit, n) => {
    const doubled = Number(digit) * (n % 2 === 0 ? 2 : 1);
    total += doubled > 9 ? doubled - 9 : doubled;
  });
  const number = head + ((10 - (total % 10)) % 10);
  remember(name, number);
  return number;
}

/** Personal: hidden unless `sendDefaultPii`. */
export function email(name) {
  const local = `ann.${letters(LOWER, 12)}`;
  remember(`pii: ${name}`, local);
  return `${local}@mail.example`;
}

/** A text that must arrive. */
export function ordinary(text) {
  texts.push(text);
  return text;
}

export const told = () => ({ secrets: Object.fromEntries(secrets), ordinary: texts });
