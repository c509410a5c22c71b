/**
 * Lines of the console, as breadcrumbs. Newer Nodes tell them on a diagnostics channel; elsewhere the methods of the
 * global console are replaced by some that do the same and tell us first.
 *
 * Arguments are shown in our own way: `util.format` could run the application's code a second time.
 */

import { channel } from 'node:diagnostics_channel';

import { MAX_MESSAGE } from '../extract/text';
import { toText } from '../extract/values';
import { quietly } from '../guard';
import { type Level, addBreadcrumb } from '../scope';
import { becomes } from './levels';
import { matters } from './log';

const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warning', error: 'error' } as const;
type Method = keyof typeof LEVELS;
const METHODS = Object.keys(LEVELS) as Method[];

/** Arguments of a line that are shown. */
const MAX_ARGUMENTS = 32;

function seen(level: Level, parameters: readonly unknown[]): void {
  if (matters(level) && becomes('breadcrumb', level)) {
    quietly('console', () => addBreadcrumb({ message: shown(parameters), category: 'console', level }));
  }
}

/** A line as the console would write it, nearly: `%s` and its like are replaced by the arguments. */
function shown(parameters: readonly unknown[]): string {
  const [first, ...others] = parameters.slice(0, MAX_ARGUMENTS + 1);
  const rest = others.map(textOf);
  let line = parameters.length === 0 ? '' : textOf(first);
  if (typeof first === 'string') {
    line = line.replace(/%[sdifjoOc%]/g, (place) => {
      if (place === '%%') {
        return rest.length === others.length ? place : '%';
      }
      const value = rest.shift();
      return value === undefined ? place : place === '%c' ? '' : value;
    });
  }
  return [line, ...rest].join(' ');
}

function textOf(value: unknown): string {
  return value === undefined ? 'undefined' : toText(value, MAX_MESSAGE);
}

/** Takes back what was connected. */
let undo: (() => void)[] = [];

export function setupOnce(): void {
  const told = toldByNode();
  for (const method of METHODS) {
    undo.push(told ? listen(method) : replace(method));
  }
}

export function remove(): void {
  undo.forEach((take) => take());
  undo = [];
}

/** True where Node tells what is logged, for certain. Trying it out would cost milliseconds of every start. */
function toldByNode(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major >= 24 || (major === 22 && minor >= 14);
}

function listen(method: Method): () => void {
  const level = LEVELS[method];
  const hear = (parameters: unknown): void => seen(level, parameters as readonly unknown[]);
  // Held, or it could be collected together with its subscribers.
  const held = channel(`console.${method}`);
  held.subscribe(hear);
  return () => void held.unsubscribe(hear);
}

function replace(method: Method): () => void {
  const level = LEVELS[method];
  const before = Object.getOwnPropertyDescriptor(console, method);
  const original: unknown = before?.value;
  if (before === undefined || typeof original !== 'function' || before.writable !== true) {
    return () => {};
  }
  let on = true;
  const ours = {
    // A method, which has the name and no prototype, as the original.
    [method](this: unknown, ...parameters: unknown[]): unknown {
      if (on) {
        seen(level, parameters);
      }
      return Reflect.apply(original, this, parameters);
    },
  }[method];
  Object.defineProperty(console, method, { ...before, value: ours });
  return () => {
    // One that somebody has put before ours since calls ours, which then only passes on.
    on = false;
    if (Object.getOwnPropertyDescriptor(console, method)?.value === ours) {
      Object.defineProperty(console, method, before);
    }
  };
}
