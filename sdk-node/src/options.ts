/** Options: their names here and in the engine, in one table. What they mean, and their defaults, is the engine's. */

import type { BeforeBreadcrumb, BeforeSend, ErrorSampler } from './callbacks';
import { errorOf } from './errors';
import { WHOLE, toJson } from './extract/values';
import type { LogLevel } from './integrations/levels';

/** What `init` can be told. Undefined and null mean unset, which takes the default. Times are in milliseconds. */
export interface Options {
  /** `SCHEME://KEY@HOST/PROJECT`. Unset: FAULTWIRE_DSN, then SENTRY_DSN; without any, Faultwire is disabled. */
  dsn?: string | null | undefined;
  /** Version of the application. Environment: FAULTWIRE_RELEASE, then SENTRY_RELEASE. */
  release?: string | null | undefined;
  /** Default `production`. Environment: FAULTWIRE_ENVIRONMENT, then SENTRY_ENVIRONMENT. */
  environment?: string | null | undefined;
  /** Build of the release. */
  dist?: string | null | undefined;
  /** Default: the host's name. */
  serverName?: string | null | undefined;

  /** Share of events kept, 0.0 to 1.0, default 1.0. */
  sampleRate?: number | null | undefined;
  /** Shares by error type, which go before `sampleRate`. A class counts for those that extend it. */
  exceptionSampleRates?: Record<string, number> | null | undefined;
  /** Names of error types, with those that extend them, that are never captured. */
  ignoreErrors?: readonly string[] | null | undefined;
  /** The caller's stack on messages, and on what is thrown without being an error; default false. */
  attachStacktrace?: boolean | null | undefined;
  /** Source lines around each frame, default true. */
  includeSourceContext?: boolean | null | undefined;
  /** Default 100, 0 to 1000. */
  maxBreadcrumbs?: number | null | undefined;
  /** `never`, `small` (1 KiB), `medium` (10 KiB, the default), `always` (100 KiB). */
  maxRequestBodySize?: 'never' | 'small' | 'medium' | 'always' | null | undefined;
  /** Characters kept of a value, default 1024, 16 to 65536. */
  maxValueLength?: number | null | undefined;
  errorSampler?: ErrorSampler | null | undefined;
  beforeSend?: BeforeSend | null | undefined;
  beforeBreadcrumb?: BeforeBreadcrumb | null | undefined;
  /** Hooks and frameworks switch on by themselves, default true. */
  autoIntegrations?: boolean | null | undefined;
  /** Names of some that shall stay off. */
  disabledIntegrations?: readonly string[] | null | undefined;
  /** The level from which a line of a log (pino, winston) becomes an event, default `error`. */
  logEventLevel?: LogLevel | null | undefined;
  /** The level from which a line of a log, or of the console, becomes a breadcrumb, default `info`. */
  logBreadcrumbLevel?: LogLevel | null | undefined;

  /** Send e-mail and IP addresses, user names and cookies; default false. */
  sendDefaultPii?: boolean | null | undefined;
  /** Names whose values are filtered, besides the built-in ones. */
  sanitizeKeys?: readonly string[] | null | undefined;
  /** Kind to regular expression (Rust's dialect); what matches is shown as `[Filtered:kind]`. */
  sanitizePatterns?: Record<string, string> | null | undefined;

  /** Prefixes of modules that are the application's own. */
  inAppInclude?: readonly string[] | null | undefined;
  /** Prefixes of modules that are not. */
  inAppExclude?: readonly string[] | null | undefined;
  /** Frames to drop: `module`, `module:function` or `platform|module:function`. */
  frameBlocklist?: readonly string[] | null | undefined;
  /** `context` (default) leaves the backend's grouping alone, `override` replaces it. */
  fingerprintMode?: 'context' | 'override' | null | undefined;
  /** Count repetitions exactly instead of sending each; default true. */
  stormFolding?: boolean | null | undefined;
  /** Full events a place and window before that, default 100. */
  stormBurst?: number | null | undefined;
  /** Milliseconds, default 60,000; at least 1000. */
  stormWindow?: number | null | undefined;

  /** URL; default: the environment's. */
  httpProxy?: string | null | undefined;
  /** URL; default: the environment's. */
  httpsProxy?: string | null | undefined;
  /** Path of a PEM file of authorities to trust besides the system's. */
  caCerts?: string | null | undefined;
  /** Milliseconds that leaving the process may wait, default 2000. */
  shutdownTimeout?: number | null | undefined;
  /** Send what is on its way before SIGTERM ends the process, unless the application handles it; default false. */
  flushOnSigterm?: boolean | null | undefined;
  /** Bounds of what waits in memory: captures (4096), their bytes (32 MiB), and bytes of finished events (32 MiB). */
  maxQueueEvents?: number | null | undefined;
  maxQueueBytes?: number | null | undefined;
  maxOutboxBytes?: number | null | undefined;
  /** Keep events on disk until they are delivered, so that they outlive the process; default true. */
  spool?: boolean | null | undefined;
  /** Where; default `$XDG_STATE_HOME/faultwire` or the platform's like. */
  spoolDir?: string | null | undefined;
  /** Default 64 MiB, all processes together; the oldest events go first. */
  spoolMaxBytes?: number | null | undefined;
  /** Milliseconds after which an event is not sent any more, default 3 days. */
  spoolMaxAge?: number | null | undefined;
  /** Have the disk confirm each event; default false. */
  spoolSync?: boolean | null | undefined;
  /** Record native crashes (SIGSEGV and the like) beside the spool, to be reported by the next start; default false. */
  captureCrashes?: boolean | null | undefined;
  /** Say on stderr what goes on, never the content of an event; default false. */
  debug?: boolean | null | undefined;
}

/** Options that the package itself keeps. */
type Own =
  | 'errorSampler'
  | 'beforeSend'
  | 'beforeBreadcrumb'
  | 'autoIntegrations'
  | 'disabledIntegrations'
  | 'logEventLevel'
  | 'logBreadcrumbLevel';

/** The engine's names. */
const CORE_NAMES: Record<Exclude<keyof Options, Own>, string> = {
  dsn: 'dsn',
  release: 'release',
  environment: 'environment',
  dist: 'dist',
  serverName: 'server_name',
  sampleRate: 'sample_rate',
  exceptionSampleRates: 'exception_sample_rates',
  ignoreErrors: 'ignore_errors',
  attachStacktrace: 'attach_stacktrace',
  includeSourceContext: 'include_source_context',
  maxBreadcrumbs: 'max_breadcrumbs',
  maxRequestBodySize: 'max_request_body_size',
  maxValueLength: 'max_value_length',
  sendDefaultPii: 'send_default_pii',
  sanitizeKeys: 'sanitize_keys',
  sanitizePatterns: 'sanitize_patterns',
  inAppInclude: 'in_app_include',
  inAppExclude: 'in_app_exclude',
  frameBlocklist: 'frame_blocklist',
  fingerprintMode: 'fingerprint_mode',
  stormFolding: 'storm_folding',
  stormBurst: 'storm_burst',
  stormWindow: 'storm_window',
  httpProxy: 'http_proxy',
  httpsProxy: 'https_proxy',
  caCerts: 'ca_certs',
  shutdownTimeout: 'shutdown_timeout',
  maxQueueEvents: 'max_queue_events',
  maxQueueBytes: 'max_queue_bytes',
  maxOutboxBytes: 'max_outbox_bytes',
  flushOnSigterm: 'flush_on_sigterm',
  spool: 'spool',
  spoolDir: 'spool_dir',
  spoolMaxBytes: 'spool_max_bytes',
  spoolMaxAge: 'spool_max_age',
  spoolSync: 'spool_sync',
  captureCrashes: 'capture_crashes',
  debug: 'debug',
};

/** Times: least and most milliseconds. The engine counts in seconds. */
const TIMES: Record<string, readonly [number, number]> = {
  stormWindow: [1000, 86_400_000],
  shutdownTimeout: [0, 86_400_000],
  spoolMaxAge: [0, 604_800_000],
};

const HOOKS = ['errorSampler', 'beforeSend', 'beforeBreadcrumb'] as const;
const OWN: readonly string[] = [
  ...HOOKS,
  'autoIntegrations',
  'disabledIntegrations',
  'logEventLevel',
  'logBreadcrumbLevel',
];
const OUR_NAMES = new Map(Object.entries(CORE_NAMES).map(([ours, core]) => [core, ours]));

/** Options as the engine takes them, in JSON. Throws `InvalidOptionError` on what it would not notice. */
export function forEngine(options: Options): string {
  const members: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined || value === null || OWN.includes(name)) {
      continue;
    }
    if (!isPlain(value)) {
      throw errorOf('invalid_option', name, 'expected a text, a number, true or false, or a list or map of them');
    }
    const core = (CORE_NAMES as Record<string, string>)[name];
    if (core === undefined && OUR_NAMES.has(name)) {
      throw errorOf('invalid_option', name, `unknown option, did you mean ${OUR_NAMES.get(name)}?`);
    }
    members[core ?? name] = TIMES[name] === undefined ? value : seconds(name, value, TIMES[name]);
  }
  for (const name of HOOKS) {
    const hook: unknown = options[name];
    if (hook !== undefined && hook !== null && typeof hook !== 'function') {
      throw errorOf('invalid_option', name, 'expected a function');
    }
  }
  if (process.listenerCount('SIGTERM') > 0) {
    // Node's own handler is replaced, never the application's, which the engine could not tell from it.
    members['flush_on_sigterm'] &&= false;
  }
  return toJson(members, WHOLE);
}

/** Names of the engine in a text, as they are here. */
export function ourNames(text: string): string {
  return text.replace(/[a-z]+(?:_[a-z]+)+/g, (name) => OUR_NAMES.get(name) ?? name);
}

function seconds(name: string, value: unknown, [least, most]: readonly [number, number]): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    const got = typeof value === 'number' || typeof value === 'boolean' ? `, got ${value}` : '';
    throw errorOf('invalid_option', name, `expected a number of milliseconds from ${least} to ${most}${got}`);
  }
  return value / 1000;
}

/** True for what an option can be made of; the engine would be shown anything else as a text and take that. */
function isPlain(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) {
    return ['string', 'number', 'boolean'].includes(typeof value);
  }
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
  return plain && depth < 4 && members.every((member) => isPlain(member, depth + 1));
}
