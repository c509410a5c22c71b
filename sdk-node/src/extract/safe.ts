/**
 * Looking at values of the application without running its code, or at least without failing.
 *
 * What is used is taken when Faultwire loads: an application that replaces it later does not change how we look.
 */

import { types } from 'node:util';

const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
const { isNativeError, isProxy } = types;

export { getOwnPropertyDescriptor, isProxy };

/** Objects and functions: what can be told apart from its equals. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** An error of any realm. Runs no code of the application, but for a proxy's traps. */
export function isError(value: unknown): value is Error {
  try {
    return isObject(value) && (value instanceof Error || isNativeError(value));
  } catch {
    return false;
  }
}

/** Like `Array.isArray`, which throws for a revoked proxy. */
export function isList(value: unknown): value is unknown[] {
  return !isProxy(value) && Array.isArray(value);
}

/** A property, through getters and prototypes; undefined where that throws. */
export function get(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** The value of an own data property; undefined for a getter, for none, and where looking throws. */
export function ownData(object: object, key: PropertyKey): unknown {
  try {
    // Most often there is none, and this is told more cheaply.
    return hasOwn(object, key) ? (getOwnPropertyDescriptor(object, key)?.value as unknown) : undefined;
  } catch {
    return undefined;
  }
}

/** The prototype; null where looking throws. */
export function prototypeOf(object: object): object | null {
  try {
    return getPrototypeOf(object) as object | null;
  } catch {
    return null;
  }
}
