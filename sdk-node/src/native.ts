/**
 * Finds the engine: the native addon for this platform, or a stand-in that does nothing where none loads.
 *
 * The addon's own documentation is in `bindings/napi`; the interface below is all of it. Structures cross as JSON.
 */

import type * as WorkerThreads from 'node:worker_threads';

import { noop } from './noop';

/** The version of the package; the addon must be of the same. */
export const VERSION = '0.1.0';

/** A place that holds a current scope snapshot. */
export interface ScopeCell {
  setTag(key: string, value: string): void;
  removeTag(key: string): void;
  /** JSON; undefined forgets, as in the other setters. */
  setUser(user: string | undefined): void;
  setSession(id: string | undefined): void;
  /** A JSON object. */
  setContext(key: string, value: string | undefined): void;
  /** JSON. */
  setExtra(key: string, value: string): void;
  setLevel(level: string | undefined): void;
  setTransaction(name: string | undefined): void;
  setFingerprint(fingerprint: string[] | undefined): void;
  /** False where the header is neither a `traceparent` nor a `sentry-trace`. */
  continueTrace(header: string): boolean;
  /** `data`: a JSON object; `timestamp`: Unix seconds. */
  addBreadcrumb(
    message: string | undefined,
    category: string | undefined,
    level: string | undefined,
    type: string | undefined,
    data: string | undefined,
    timestamp: number | undefined,
  ): void;
  clearBreadcrumbs(): void;
  clear(): void;
}

/** An event that waits for `beforeSend`, as JSON. */
export interface Prepared {
  id: string;
  event: string;
}

/** The new event's id, or the event for the hook, or nothing. */
export type Captured = string | Prepared | null;

/** What an error came from: lists that go together. */
export interface Causes {
  typeIds: number[];
  values: string[];
  /** Empty where there is none. */
  stacks: string[];
}

/** The addon. An "answer" is JSON: `{"ok": ...}` or `{"error": {kind, field, message}}`. */
export interface Native {
  version(): string;
  ScopeCell: new (parent: ScopeCell | undefined) => ScopeCell;
  /** The cell under all others, the same in every thread of the process. */
  globalCell(): ScopeCell;

  /** JSON of a `Trace` that goes on with a `traceparent` or `sentry-trace` header; null where it is neither. */
  traceOf(header: string): string | null;

  /** Options by core's names, as JSON. An answer. */
  init(
    options: string,
    nodeVersion: string,
    hooks: { beforeSend: boolean; beforeBreadcrumb: boolean },
    captureTransport: boolean,
  ): string;
  /** Says which thread this environment runs on. */
  setThread(id: number, name: string): void;
  /** A number of the client in use; 0 when nothing is captured. */
  generation(): number;
  /** The options that the package itself needs: JSON of `Settings`; null without a client. */
  settings(): string | null;
  addIntegration(name: string): void;

  /** Names of an error type, own first, to its id. */
  internType(names: string[]): number;
  /** The rate of a type; -1: ignored; -2: tell its names. Type 0 is none. */
  typeRate(typeId: number): number;
  /** The rate kept at; -1: no, counted; -2: tell the names of the type; -3: disabled. `rate` < 0: by the options. */
  sample(typeId: number, rate: number): number;
  /** What a sampler is told; `call`, `surroundings`: layers, `level`: the usual one. */
  asked(
    isolation: ScopeCell,
    current: ScopeCell | undefined,
    call: string | undefined,
    surroundings: string | undefined,
    level: string,
  ): { level: string; transaction?: string };
  /** The level that the scopes say, empty if none; null where they group the event. */
  saidPlace(isolation: ScopeCell, current: ScopeCell | undefined): string | null;
  /** True: go on; a text: folded, the last full event's id; false: no. An empty text is no stack. */
  admit(
    rate: number,
    typeId: number,
    value: string,
    stack: string,
    level: string | undefined,
    mayFold: boolean,
    causes: Causes | undefined,
  ): string | boolean;
  /**
   * What `admit` said yes to. `causes`: the names of their types. `links`: JSON of `[parent, attribute, is a group]`
   * each, the error itself first. `call`, `surroundings`: layers.
   */
  captureException(
    isolation: ScopeCell,
    current: ScopeCell | undefined,
    type: string,
    causes: string[] | undefined,
    links: string | undefined,
    mechanism: string | undefined,
    handled: boolean,
    synthetic: boolean,
    logger: string | undefined,
    call: string | undefined,
    surroundings: string | undefined,
    hooked: boolean,
  ): Captured;
  captureMessage(
    rate: number,
    isolation: ScopeCell,
    current: ScopeCell | undefined,
    message: string,
    template: string | undefined,
    params: string | undefined,
    stack: string | undefined,
    logger: string | undefined,
    call: string | undefined,
    surroundings: string | undefined,
    hooked: boolean,
  ): Captured;
  captureEvent(
    event: string,
    rate: number,
    isolation: ScopeCell,
    current: ScopeCell | undefined,
    hooked: boolean,
  ): Captured;
  /** What `beforeSend` made of the event, as JSON; undefined drops it. False when it was dropped. */
  complete(event: string | undefined): boolean;
  /** Gives up what was admitted or waits for the hook. */
  abandon(): void;
  /** Counts a capture that the package refuses, under the name of a reason. */
  refuse(reason: string): void;

  /** Answers. */
  explainException(types: string[], values: string[], stacks: string[], links: string | undefined): string;
  explainEvent(event: string): string;

  /** Milliseconds; undefined: `shutdownTimeout`. */
  flush(timeout: number | undefined): Promise<boolean>;
  flushSync(timeout: number | undefined): boolean;
  close(timeout: number | undefined): Promise<boolean>;
  /** JSON. */
  stats(): string;

  /** For tests. */
  abandonClient(): void;
  takenEnvelopes(): string;
  vector(topic: string, input: string): string;
  armPanic(place: string): boolean;
}

/**
 * Binaries by platform; the packages that hold them are named so too. Of glibc and musl, which npm installs one of and
 * some other tools both, the one that loads is it: that costs nothing where the first does, as asking the system would.
 */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64-gnu', 'linux-x64-musl'],
  'linux-arm64': ['linux-arm64-gnu', 'linux-arm64-musl'],
  'darwin-x64': ['darwin-x64'],
  'darwin-arm64': ['darwin-arm64'],
  'win32-x64': ['win32-x64-msvc'],
};

/** Why no addon loaded; undefined when one did. */
export let loadError: string | undefined;

export const native: Native = load();

function load(): Native {
  const platform = `${process.platform}-${process.arch}`;
  const targets = TARGETS[platform] ?? [];
  const reasons: string[] = [];
  for (const target of targets) {
    // A binary beside `dist/` is a developer's own build.
    for (const place of [`../faultwire.${target}.node`, `@faultwire/${target}`]) {
      try {
        const addon = require(place) as Native;
        const version = addon.version();
        if (version === VERSION) {
          return addon;
        }
        reasons.push(`${place} is version ${version}, not ${VERSION}: install both anew`);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'MODULE_NOT_FOUND') {
          reasons.push(`${place} is broken, install it anew: ${String(message).split('\n', 1)[0]}`);
        }
      }
    }
  }
  if (targets.length === 0) {
    loadError = `there is none for ${platform}`;
  } else if (reasons.length === 0) {
    const names = targets.map((target) => `@faultwire/${target}`).join(' or ');
    loadError = `${platform}: ${names} is missing, install the optional dependencies too`;
  } else {
    loadError = `${platform}: ${reasons.join('; ')}`;
  }
  sayOnce(loadError);
  return noop;
}

/** One line, from the first thread of the process; those that it starts know. */
function sayOnce(reason: string): void {
  try {
    const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads') as typeof WorkerThreads;
    const said = 'faultwire: native library';
    if (getEnvironmentData(said) === undefined) {
      setEnvironmentData(said, true);
      process.stderr.write(`faultwire: nothing is captured, the native library did not load (${reason})\n`);
    }
  } catch {
    // A closed stderr is no reason to fail.
  }
}
