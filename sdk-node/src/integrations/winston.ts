/**
 * `faultwire/winston`: a transport for winston 3.
 *
 *     const logger = winston.createLogger({ transports: [new winston.transports.Console(), new FaultwireTransport()] });
 *
 * A line reaches a transport after the logger's format, which may have made a plain object of an error, and not always
 * in the call that logged it. So the transport also looks at what goes into the format of the logger it is added to:
 * that is the error itself, in the scope that it belongs to.
 */

import { Writable } from 'node:stream';

import { isError, isObject, ownData } from '../extract/safe';
import { native } from '../native';
import type { Level } from '../scope';
import { errorKeyOf, matters, take } from './log';

const LEVEL = Symbol.for('level');
const SPLAT = Symbol.for('splat');
const MECHANISM = 'auto.winston';

/** Names of levels of npm, syslog and others; any other counts as `info`. */
const LEVELS: ReadonlyMap<string, Level> = new Map<string, Level>([
  ...(['emerg', 'alert', 'crit', 'critical', 'fatal'] as const).map((name): [string, Level] => [name, 'fatal']),
  ['error', 'error'],
  ['err', 'error'],
  ['warn', 'warning'],
  ['warning', 'warning'],
  ...(['verbose', 'debug', 'silly', 'trace'] as const).map((name): [string, Level] => [name, 'debug']),
]);

/** What a logger adds to an error that it is given: not what the application hung on it. */
const NOT_MEMBERS: ReadonlySet<string> = new Set(['level', 'message', 'stack', 'cause', 'timestamp']);
/** What winston says of the process with an uncaught error. */
const OF_UNCAUGHT: ReadonlySet<string> = new Set([
  ...NOT_MEMBERS,
  'exception',
  'rejection',
  'date',
  'process',
  'os',
  'trace',
]);

type Info = Record<string | symbol, unknown>;

/** What is used of a logger. */
interface Logger {
  level?: string;
  levels?: Record<string, number>;
  format?: { transform(info: Info, options?: unknown): unknown };
}

export interface TransportOptions {
  /** The least of winston's levels that is looked at; default: the logger's. */
  level?: string | undefined;
  /** Looks at nothing. */
  silent?: boolean | undefined;
}

/**
 * Captures what is logged: from the option `logEventLevel` on as an event, from `logBreadcrumbLevel` on as a
 * breadcrumb. Writes nothing. An error that is logged and then thrown on is one event.
 */
export class FaultwireTransport extends Writable {
  level?: string;
  silent: boolean;
  /** Those it was added to. */
  private readonly loggers = new Set<Logger>();
  /** Lines that were looked at on their way out of a format. */
  private readonly seen = new WeakSet<object>();

  constructor({ level, silent }: TransportOptions = {}) {
    super({ objectMode: true });
    if (level !== undefined) {
      this.level = level;
    }
    this.silent = silent ?? false;
    this.on('pipe', (logger: unknown) => this.addedTo(logger as Logger));
    this.on('unpipe', (logger: unknown) => void this.loggers.delete(logger as Logger));
    native.addIntegration('winston');
  }

  /** For winston: tells a transport of its third version. */
  log(info: object, done: () => void): void {
    this._write(info, 'utf8', done);
  }

  override _write(info: unknown, _encoding: string, done: () => void): void {
    // One that did not go through a format that we look at.
    if (isObject(info) && !this.seen.has(info)) {
      const [logger] = this.loggers;
      this.look(info as Info, this.errorOf(info as Info), logger);
    }
    done();
  }

  private addedTo(logger: Logger): void {
    this.loggers.add(logger);
    const format = logger.format;
    if (format === undefined || typeof format.transform !== 'function') {
      return;
    }
    const transform = (info: Info, options: unknown): unknown => {
      const error = this.errorOf(info);
      const formatted = format.transform(info, options);
      // A format drops a line by giving nothing; and one that was taken off and added again is looked at twice.
      if (isObject(formatted) && this.loggers.has(logger) && !this.seen.has(formatted)) {
        this.seen.add(formatted);
        this.look(formatted as Info, error, logger);
      }
      return formatted;
    };
    logger.format = Object.create(format, {
      transform: { configurable: true, writable: true, value: transform },
    }) as NonNullable<Logger['format']>;
  }

  private errorOf(info: Info): unknown {
    const splat = ownData(info, SPLAT);
    const key = errorKeyOf(info);
    const member = key === undefined ? undefined : ownData(info, key);
    return [info, member, ...(Array.isArray(splat) ? (splat as unknown[]) : [])].find(isError);
  }

  private look(info: Info, error: unknown, logger: Logger | undefined): void {
    const named = ownData(info, LEVEL) ?? ownData(info, 'level');
    const level = LEVELS.get(String(named)) ?? 'info';
    if (this.silent || !this.lets(String(named), logger) || !matters(level)) {
      return;
    }
    const message = ownData(info, 'message');
    take({
      level,
      logger: 'winston',
      message: isError(message) ? message.message : message,
      error,
      extra: () => membersOf(info),
      mechanism: MECHANISM,
    });
  }

  /** True where the transport's own level, or else the logger's, lets a line pass. */
  private lets(level: string, logger: Logger | undefined): boolean {
    const least = this.level ?? logger?.level;
    const ranks = logger?.levels;
    const from = least === undefined ? undefined : ranks?.[least];
    const at = ranks?.[level];
    return from === undefined || at === undefined || from >= at;
  }
}

/** What was logged besides message and error. */
function membersOf(info: Info): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  const skip = info['exception'] === true || info['rejection'] === true ? OF_UNCAUGHT : NOT_MEMBERS;
  // What hangs on an error is shown with it.
  for (const key of isError(info) ? [] : Object.keys(info)) {
    const value = skip.has(key) ? undefined : ownData(info, key);
    if (value !== undefined && !isError(value)) {
      members[key] = value;
    }
  }
  return members;
}
