/**
 * The API, typed by its own document. `get`, `post` and the others answer what was asked for, or throw a `Problem`.
 */

import createClient, { type Middleware } from 'openapi-fetch';
import { learn } from '../clock';
import { observeBuild } from './build';
import { Problem } from './problem';
import type { paths } from './schema';
import { endSession } from './session';

const raw = createClient<paths>({
  // The page knows its own address: the server may be under a path.
  baseUrl: new URL('.', document.baseURI).href.replace(/\/$/, ''),
  credentials: 'same-origin',
});

let csrf: string | null = null;

/** Remembers what is to be sent with everything that changes something. */
export function rememberCsrf(value: string | null | undefined): void {
  csrf = value ?? null;
}

/** `Date` tells whole seconds, and the answer took its way. */
const DATE_IS_EXACT_TO = 5_000;

/** Routes that nobody has to be known for: a 401 of theirs is no end of a session. */
const OPEN = /\/api\/v1\/(login|setup|redeem)$/;

const every: Middleware = {
  onRequest({ request }) {
    if (csrf !== null && request.method !== 'GET') request.headers.set('x-faultwire-csrf', csrf);
    return request;
  },
  async onResponse({ request, response }) {
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) learn(date, DATE_IS_EXACT_TO);
    observeBuild(response.headers.get('x-faultwire-build'));
    if (response.ok) return response;
    if (response.status === 401 && !OPEN.test(new URL(request.url).pathname)) endSession();
    const told = await response.json().catch(() => undefined);
    throw Problem.of(response.status, told);
  },
  onError({ error }) {
    if (error instanceof Problem) return error;
    // Whoever asked has gone: not a matter of the server.
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return Problem.unreachable();
  },
};

raw.use(every);

/** The client. Each call resolves to `{ data }`, or rejects with a {@link Problem}. */
export const api = raw;

/** What was answered. Problems are thrown before, so that there always is something, if the answer has a body. */
export async function read<T>(asked: Promise<{ data?: T }>): Promise<T> {
  const { data } = await asked;
  return data as T;
}

/** An address of the API, for what the browser itself fetches: downloads and the stream. */
export function address(path: string): string {
  return new URL(path.replace(/^\//, ''), document.baseURI).href;
}
