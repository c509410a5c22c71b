/**
 * Keeps mistakes of Faultwire away from the application, and Faultwire out of its own captures.
 *
 * Everything that runs inside the application's own calls ends in `note` instead of an exception. It tells the
 * class of what went wrong, and only with the option `debug`: a message could hold the content of an event.
 */

import { settings } from './settings';

/** While `depth` is above 0, Faultwire or a hook of the application runs: captures are refused as `reentrant`. */
export const inside = { depth: 0 };

/** `work()` as Faultwire's own: what it captures is refused. */
export function within<T>(work: () => T): T {
  inside.depth++;
  try {
    return work();
  } finally {
    inside.depth--;
  }
}

/** Writes a line on stderr with the option `debug`. Never throws; never give it content of the application. */
export function say(line: string): void {
  try {
    if (settings().debug) {
      process.stderr.write(`faultwire: ${line}\n`);
    }
  } catch {
    // A closed stderr is no reason to fail.
  }
}

const said = new Set<string>();

/** `say`, once a thread. */
export function sayOnce(line: string): void {
  if (!said.has(line)) {
    said.add(line);
    say(line);
  }
}

/** Says, with the option `debug`, that something in `where` went wrong. Never throws. */
export function note(where: string, error: unknown): void {
  let kind = typeof error as string;
  try {
    if (error instanceof Error) {
      kind = error.constructor.name;
    }
  } catch {
    // A proxy, or a getter that throws.
  }
  say(`${where}: ${kind}`);
}

/** `work()`, or undefined and a note where that throws. */
export function quietly<T>(where: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    note(where, error);
    return undefined;
  }
}
