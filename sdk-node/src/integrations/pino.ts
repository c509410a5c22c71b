/**
 * Lines of `pino`, where they are logged: its own transports write from another thread, where neither the error
 * object nor the request it belongs to is known. From 9.10 on pino tells them on a diagnostics channel; to older ones
 * (from 5 on) the application adds `watchLogger`.
 */

import { type Channel, channel } from 'node:diagnostics_channel';

import { isError, ownData } from '../extract/safe';
import { quietly } from '../guard';
import { native } from '../native';
import type { Level } from '../scope';
import { errorKeyOf, matters, take } from './log';

const CHANNEL = 'tracing:pino_asJson:end';
const MECHANISM = 'auto.pino';
/** Pino's numbers of levels, highest first; those of the application's own take the next lower. */
const LEVELS: readonly [number, Level][] = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warning'],
  [30, 'info'],
];

/** What a line says beside its members: the event says all of it elsewhere. */
const NOT_MEMBERS: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'name', 'v', 'stack']);

/** What is used of a logger. */
interface Logger {
  bindings?(): Record<string, unknown>;
}

/** What pino writes: members, message and level. */
type Written = [members: object | null | undefined, message: unknown, level: number, ...more: unknown[]];

/** Loggers' names, which stand in a text that is to be parsed. */
const names = new WeakMap<Logger, string>();

function nameOf(logger: Logger): string {
  let name = names.get(logger);
  if (name === undefined) {
    const given = quietly('pino', () => logger.bindings?.()['name']);
    name = typeof given === 'string' && given !== '' ? given : 'pino';
    names.set(logger, name);
  }
  return name;
}

/**
 * A line that pino has written as `text`. What goes with an event is read from there: the application may have told
 * pino what it must not show (`redact`, `serializers`, `formatters`).
 */
function seen(logger: Logger, [members, message, number]: Written, text: unknown, error: unknown): void {
  const level = LEVELS.find(([from]) => number >= from)?.[1] ?? 'debug';
  if (matters(level)) {
    const errorKey = errorKeyOf(members);
    const found = error ?? (errorKey === undefined ? undefined : ownData(members as object, errorKey));
    // The error is shown by itself.
    const extra = (): Record<string, unknown> =>
      shown(text, [keyOf(logger, 'message'), ...(found === undefined ? [] : [errorKey, keyOf(logger, 'error')])]);
    take({ level, logger: nameOf(logger), message, error: found, extra, mechanism: MECHANISM });
  }
}

/** What a line shows beside message and error. */
function shown(text: unknown, skip: readonly unknown[]): Record<string, unknown> {
  const parsed = quietly('pino', () => JSON.parse(String(text)) as Record<string, unknown>) ?? {};
  return Object.fromEntries(Object.entries(parsed).filter(([key]) => !NOT_MEMBERS.has(key) && !skip.includes(key)));
}

/** The name under which a logger writes messages or errors. */
function keyOf(logger: Logger, what: 'message' | 'error'): unknown {
  const symbol = symbolOf(logger, `pino.${what}Key`);
  return (symbol === undefined ? undefined : (logger as Record<symbol, unknown>)[symbol]) ?? USUAL_KEYS[what];
}

const USUAL_KEYS = { message: 'msg', error: 'err' };

// Held, or it could be collected together with its subscribers.
let held: Channel | undefined;

function told(message: unknown): void {
  quietly('pino', () => {
    const {
      instance,
      arguments: written,
      result,
    } = message as { instance: Logger; arguments: Written; result: unknown };
    seen(instance, written, result, undefined);
  });
}

export function setupOnce(): void {
  held = channel(CHANNEL);
  held.subscribe(told);
}

export function remove(): void {
  held?.unsubscribe(told);
  held = undefined;
}

const WATCHED = Symbol('faultwire.watched');

type Method = (this: Logger, ...parameters: unknown[]) => unknown;

/**
 * Has what this logger and its children log captured, where pino does not tell it by itself: versions 5 to 9.9.
 * With later versions it does nothing. Gives the logger. Children that were made before are not watched.
 */
export function watchLogger<T extends object>(logger: T): T {
  quietly('watchLogger', () => {
    if (WATCHED in logger || tells(logger)) {
      return;
    }
    // Versions before 6 make a plain object of an error before they write the line.
    let logged: unknown;
    wrap(
      logger,
      'pino.write',
      (write) =>
        function (...parameters) {
          logged = isError(parameters[0]) ? parameters[0] : undefined;
          return Reflect.apply(write, this, parameters);
        },
    );
    wrap(
      logger,
      'pino.asJson',
      (asJson) =>
        function (...written) {
          const error = logged;
          logged = undefined;
          const text = Reflect.apply(asJson, this, written);
          quietly('pino', () => seen(this, ordered(this, written), text, error));
          return text;
        },
    );
    Object.defineProperty(logger, WATCHED, { value: true });
    native.addIntegration('pino');
  });
  return logger;
}

/** What is written, as later versions order it: to version 5 the message is a member. */
function ordered(logger: Logger, written: readonly unknown[]): Written {
  const [members, second] = written as [Record<string, unknown>, unknown];
  return typeof second === 'number' && written.length === 3
    ? [members, members[String(keyOf(logger, 'message'))], second]
    : (written as unknown as Written);
}

/** Puts a method of this logger and its children before one that pino keeps under a symbol. */
function wrap(logger: object, description: string, around: (original: Method) => Method): void {
  const symbol = symbolOf(logger, description);
  const original = symbol === undefined ? undefined : (logger as Record<symbol, unknown>)[symbol];
  if (symbol === undefined || typeof original !== 'function') {
    throw new TypeError(`no ${description}`);
  }
  Object.defineProperty(logger, symbol, { configurable: true, writable: true, value: around(original as Method) });
}

/** True for a logger of a pino that tells what it logs. */
function tells(logger: object): boolean {
  const [major = 0, minor = 0] = String((logger as { version?: unknown }).version)
    .split('.')
    .map(Number);
  return major > 9 || (major === 9 && minor >= 10);
}

/** The symbol of this description that an object or one of its prototypes has. */
function symbolOf(object: object, description: string): symbol | undefined {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertySymbols(at).find((symbol) => symbol.description === description);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
