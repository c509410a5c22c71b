/** `init` and what there is to ask of the client of the process. */

import { callbacks } from './callbacks';
import { errorOf, unwrap } from './errors';
import { LOG_LEVELS, type LogLevel, thresholds } from './integrations/levels';
import * as registry from './integrations/registry';
import { loadError, native } from './native';
import { type Options, forEngine, ourNames } from './options';
import { isMainThread, threadId } from './thread';

/** What became of everything that this process captured: `captured` is the sum of the others but `recovered`. */
export interface Stats {
  captured: number;
  delivered: number;
  spooled: number;
  pending: number;
  folded: number;
  recovered: number;
  /** By reason. */
  dropped: Record<string, number>;
}

native.setThread(threadId, isMainThread ? 'main' : `worker ${threadId}`);

/** What `init` was last told in this thread, for `faultwire/testing` to put back. */
let lastCall: Options | undefined;

/**
 * Makes the client of the process and switches on the hooks and integrations.
 *
 * Call it once, as early as possible. A second call with other options replaces the client; events of the first one
 * are still sent. In a worker thread, call it with the options of the main thread: it joins the client, and the hooks
 * that are given there run there. Throws `InvalidOptionError` or `InvalidDsnError`, both `FaultwireError`, naming the
 * option.
 */
export function init(options: Options = {}): void {
  start(options, false);
}

/** What `init` does. `captureTransport`: events are kept instead of sent. */
export function start(options: Options, captureTransport: boolean): void {
  if (loadError !== undefined) {
    return;
  }
  if (typeof options !== 'object' || options === null) {
    throw errorOf('invalid_option', 'options', 'expected an object');
  }
  const automatic = checkAutomatic(options);
  const disabled = checkDisabled(options);
  const event = checkLevel(options, 'logEventLevel', 'error');
  const breadcrumb = checkLevel(options, 'logBreadcrumbLevel', 'info');
  const hooks = {
    beforeSend: typeof options.beforeSend === 'function',
    beforeBreadcrumb: typeof options.beforeBreadcrumb === 'function',
  };
  unwrap(native.init(forEngine(options), process.versions.node, hooks, captureTransport), ourNames);
  callbacks.beforeSend = options.beforeSend ?? undefined;
  callbacks.beforeBreadcrumb = options.beforeBreadcrumb ?? undefined;
  callbacks.errorSampler = options.errorSampler ?? undefined;
  Object.assign(thresholds, { event, breadcrumb });
  lastCall = { ...options };
  if (isEnabled()) {
    registry.enable(automatic, disabled);
  }
}

/** What `init` was last told in this thread. */
export function currentOptions(): Options | undefined {
  return lastCall;
}

/** Puts back the client of an earlier call of `init`; with undefined, the state before any. */
export function restore(options: Options | undefined): void {
  if (options !== undefined) {
    start(options, false);
    return;
  }
  lastCall = undefined;
  callbacks.beforeSend = callbacks.beforeBreadcrumb = callbacks.errorSampler = undefined;
  registry.removeAll();
}

function checkAutomatic(options: Options): boolean {
  const automatic = options.autoIntegrations ?? true;
  if (typeof automatic !== 'boolean') {
    throw errorOf('invalid_option', 'autoIntegrations', 'expected true or false');
  }
  return automatic;
}

function checkLevel(options: Options, name: 'logEventLevel' | 'logBreadcrumbLevel', usual: LogLevel): LogLevel {
  const level = options[name] ?? usual;
  if (!LOG_LEVELS.includes(level)) {
    throw errorOf('invalid_option', name, `expected one of ${LOG_LEVELS.join(', ')}`);
  }
  return level;
}

function checkDisabled(options: Options): readonly string[] {
  const disabled: unknown = options.disabledIntegrations ?? [];
  if (!Array.isArray(disabled)) {
    throw errorOf('invalid_option', 'disabledIntegrations', 'expected a list of texts');
  }
  for (const name of disabled as unknown[]) {
    if (typeof name !== 'string' || !registry.NAMES.includes(name)) {
      const shown = typeof name === 'string' ? name : typeof name;
      const known = registry.NAMES.join(', ');
      throw errorOf(
        'invalid_option',
        'disabledIntegrations',
        `unknown integration ${shown}, expected some of ${known}`,
      );
    }
  }
  return disabled as string[];
}

/** True when captures are sent: `init` was called with a DSN, somewhere in the process, and `close` was not. */
export function isEnabled(): boolean {
  return native.generation() !== 0;
}

/**
 * Waits until all that the process captured before is delivered or counted as dropped; true if that came about within
 * `timeout` milliseconds (default: the option `shutdownTimeout`). Never rejects.
 */
export function flush(timeout?: number): Promise<boolean> {
  return waitFor('flush', timeout);
}

/** Flushes, then ends: later captures are no-ops. Never rejects. */
export function close(timeout?: number): Promise<boolean> {
  return waitFor('close', timeout);
}

async function waitFor(what: 'flush' | 'close', timeout: unknown): Promise<boolean> {
  try {
    return await native[what](typeof timeout === 'number' ? timeout : undefined);
  } catch {
    return false;
  }
}

/** Counters of everything that this process captured. */
export function stats(): Stats {
  return JSON.parse(native.stats()) as Stats;
}
