/**
 * Values of the application as JSON: bounded in depth, breadth, length and size, and without running its code.
 *
 * Getters are named, not called; `toJSON` and `toString` are not asked; a proxy is left alone. What was cut says so.
 */

import { types } from 'node:util';

import { getOwnPropertyDescriptor, isError, isList, isObject, isProxy, ownData, prototypeOf } from './safe';
import { LOOK_AHEAD, MAX_MESSAGE, MAX_NAME, cut, quote } from './text';
import { typeOfObject } from './types';

/** How much of a value is looked at. */
export interface Limits {
  readonly depth: number;
  /** Members of one object or list. */
  readonly breadth: number;
  /** Characters of one text. */
  readonly text: number;
  /** Values in all. */
  readonly nodes: number;
  /** Characters of JSON in all, approximately. */
  readonly size: number;
}

/** For what an application says in a scope or with a capture. */
export const SCOPE: Limits = { depth: 6, breadth: 128, text: MAX_MESSAGE, nodes: 4096, size: 512 << 10 };
/** Bytes of the longest body of a request: `maxRequestBodySize: 'always'`, as the engine counts it. */
const MAX_BODY = 100 << 10;
/** For what is known of a request: its body is one text. */
export const SURROUNDINGS: Limits = { ...SCOPE, text: MAX_BODY + LOOK_AHEAD };
/** For the body of a request that somebody parsed; `size` is what the options allow. It stands two levels deep there. */
export function parsedBody(size: number): Limits {
  return { ...SCOPE, depth: SCOPE.depth - 2, text: size + LOOK_AHEAD, size };
}
/** For structures whose form matters, as events and options: nothing sensible is cut. */
export const WHOLE: Limits = { depth: 24, breadth: 10_000, text: 1 << 20, nodes: 200_000, size: 16 << 20 };
/** For what hangs on an error by itself. */
export function detail(maxValueLength: number): Limits {
  return { depth: 4, breadth: 32, text: maxValueLength + LOOK_AHEAD, nodes: 512, size: 64 << 10 };
}

/** Node's own limit is 2000 headers. */
const MAX_RAW_HEADERS = 4000;

/** Marks what was left out. */
const MORE = '…';

/** A value as JSON. Never throws. */
export function toJson(value: unknown, limits: Limits): string {
  return new Writer(limits).whole(value);
}

/** A value that is JSON already, within limits of its own: as a part of another value it is written as it is. */
export class Json {
  readonly #text: string;

  constructor(value: unknown, limits: Limits) {
    this.#text = toJson(value, limits);
  }

  /** The JSON; undefined for an object that is no such value. Looks at nothing of it. */
  static of(object: object): string | undefined {
    return #text in object ? object.#text : undefined;
  }
}

/** What hangs on an object, but for `skip`, as a JSON object; undefined when nothing does. Never throws. */
export function membersToJson(object: object, skip: ReadonlySet<string>, limits: Limits): string | undefined {
  return new Writer(limits, skip).membersAlone(object);
}

/** True when `membersToJson` has something to say. Never throws. */
export function hasMembers(object: object, skip: ReadonlySet<string>): boolean {
  try {
    // A proxy would be asked by everything else.
    return !isProxy(object) && Object.keys(object).some((key) => !skip.has(key));
  } catch {
    return false;
  }
}

/** The same as `toJson` for what must be an object; anything else is undefined. */
export function toJsonObject(value: unknown, limits: Limits): string | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const json = toJson(value, limits);
  return json.startsWith('{') ? json : undefined;
}

/** A short text of any value: texts as they are, others as they would be shown. */
export function toText(value: unknown, limit = MAX_NAME + LOOK_AHEAD): string {
  if (typeof value === 'string') {
    return cut(value, limit);
  }
  const json = toJson(value, { depth: 2, breadth: 16, text: limit, nodes: 64, size: limit });
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

const { asIntN } = BigInt;
const dateTime = Date.prototype.getTime;
const dateText = Date.prototype.toISOString;
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;
const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');
const typedLength = getter(prototypeOf(Uint8Array.prototype) ?? {}, 'length');
const functionText = Function.prototype.toString;
const regExpText = RegExp.prototype.toString;

function getter(prototype: object, name: string): (this: unknown) => unknown {
  return getOwnPropertyDescriptor(prototype, name)?.get ?? (() => undefined);
}

class Writer {
  private out = '';
  private nodes: number;
  /** The objects that the present one hangs on. */
  private readonly path: object[] = [];

  constructor(
    private readonly limits: Limits,
    /** Members of the outermost object that are left out. */
    private readonly skip?: ReadonlySet<string>,
  ) {
    this.nodes = limits.nodes;
  }

  whole(value: unknown): string {
    this.value(value, 0);
    return this.out;
  }

  membersAlone(object: object): string | undefined {
    try {
      this.path.push(object);
      this.members(object, 0, false);
      return this.out;
    } catch {
      return undefined;
    }
  }

  private text(text: string): void {
    this.out += quote(text);
  }

  private value(value: unknown, depth: number): void {
    if (this.nodes <= 0 || this.out.length >= this.limits.size) {
      this.text(MORE);
      return;
    }
    this.nodes--;
    switch (typeof value) {
      case 'string':
        return this.text(cut(value, this.limits.text));
      case 'number':
        // `-0` and what JSON cannot say are shown as a text.
        return Number.isFinite(value) ? void (this.out += String(value)) : this.text(String(value));
      case 'boolean':
        this.out += value ? 'true' : 'false';
        return;
      case 'undefined':
        this.out += 'null';
        return;
      case 'bigint':
        // Writing out a huge one takes time that grows with its square.
        return this.text(asIntN(256, value) === value ? `${value}n` : '[BigInt]');
      case 'symbol':
        return this.text(`Symbol(${cut(value.description ?? '', this.limits.text)})`);
      default:
    }
    if (value === null) {
      this.out += 'null';
      return;
    }
    const start = this.out.length;
    const reached = this.path.length;
    try {
      this.object(value as object, depth);
    } catch {
      // Half of it may stand there already.
      this.out = this.out.slice(0, start);
      this.path.length = reached;
      this.text('[unreadable]');
    }
  }

  private object(object: object, depth: number): void {
    // First of all: everything else would ask the proxy.
    if (isProxy(object)) {
      return this.text('[Proxy]');
    }
    if (typeof object === 'function') {
      return this.text(shownFunction(object));
    }
    const json = Json.of(object);
    if (json !== undefined) {
      this.out += json;
      return;
    }
    const simple = shown(object, this.limits.text);
    if (simple !== undefined) {
      return this.text(simple);
    }
    const list = Array.isArray(object);
    if (this.path.includes(object)) {
      return this.text('[Circular]');
    }
    if (depth >= this.limits.depth) {
      return this.text(list ? `[Array(${object.length})]` : `[${className(object) ?? 'Object'}]`);
    }
    this.path.push(object);
    if (list) {
      this.list(object, depth);
    } else if (types.isMap(object)) {
      this.map(object, depth);
    } else if (types.isSet(object)) {
      this.set(object, depth);
    } else {
      this.members(object, depth);
    }
    this.path.pop();
  }

  private list(list: readonly unknown[], depth: number): void {
    this.out += '[';
    const count = Math.min(list.length, this.limits.breadth);
    let at = 0;
    for (; at < count && this.hasRoom(); at++) {
      this.comma(at);
      this.own(list, String(at), depth);
    }
    this.left(at, list.length);
    this.out += ']';
  }

  private set(set: Set<unknown>, depth: number): void {
    this.out += '[';
    let at = 0;
    for (const value of setValues.call(set) as IterableIterator<unknown>) {
      if (at >= this.limits.breadth || !this.hasRoom()) {
        break;
      }
      this.comma(at++);
      this.value(value, depth + 1);
    }
    this.left(at, setSize.call(set) as number);
    this.out += ']';
  }

  private map(map: Map<unknown, unknown>, depth: number): void {
    this.out += '{';
    let at = 0;
    for (const [key, value] of mapEntries.call(map) as IterableIterator<[unknown, unknown]>) {
      if (at >= this.limits.breadth || !this.hasRoom()) {
        break;
      }
      this.comma(at++);
      this.key(isObject(key) ? `[${className(key) ?? 'Object'}]` : String(key));
      this.value(value, depth + 1);
    }
    this.leftKey(at, mapSize.call(map) as number);
    this.out += '}';
  }

  private keys(object: object, depth: number): string[] {
    const keys = Object.keys(object);
    return depth === 0 && this.skip !== undefined ? keys.filter((key) => !this.skip?.has(key)) : keys;
  }

  private members(object: object, depth: number, named = true): void {
    this.out += '{';
    const name = named ? className(object) : undefined;
    let written = 0;
    if (name !== undefined && name !== 'Object') {
      this.key('__class__');
      this.text(name);
      written++;
    }
    const keys = this.keys(object, depth);
    const count = Math.min(keys.length, this.limits.breadth);
    let at = 0;
    for (; at < count && this.hasRoom(); at++) {
      const key = keys[at] as string;
      this.comma(written++);
      this.key(key);
      this.own(object, key, depth);
    }
    if (at < keys.length) {
      this.comma(written);
      this.key(MORE);
      this.text(`${MORE} ${keys.length - at} more`);
    }
    this.out += '}';
  }

  private own(object: object, key: string, depth: number): void {
    const property = getOwnPropertyDescriptor(object, key);
    if (property !== undefined && !('value' in property)) {
      return this.text(property.get === undefined ? '[Setter]' : '[Getter]');
    }
    const value = property?.value as unknown;
    this.value(RAW_HEADERS.has(key) ? inPairs(value) : value, depth + 1);
  }

  private hasRoom(): boolean {
    return this.nodes > 0 && this.out.length < this.limits.size;
  }

  private comma(at: number): void {
    if (at > 0) {
      this.out += ',';
    }
  }

  private key(key: string): void {
    this.out += `${quote(cut(key, MAX_NAME + LOOK_AHEAD))}:`;
  }

  private left(written: number, total: number): void {
    if (written < total) {
      this.comma(written);
      this.text(`${MORE} ${total - written} more`);
    }
  }

  private leftKey(written: number, total: number): void {
    if (written < total) {
      this.comma(written);
      this.key(MORE);
      this.text(`${MORE} ${total - written} more`);
    }
  }
}

/** Names and values of headers in turns, as Node gives them; names next to their values are what rules look for. */
const RAW_HEADERS: ReadonlySet<string> = new Set(['rawHeaders', 'rawTrailers']);

function inPairs(value: unknown): unknown {
  if (!isList(value)) {
    return value;
  }
  const parts = Array.from({ length: Math.min(value.length, MAX_RAW_HEADERS) }, (_, at) => ownData(value, String(at)));
  const areTexts = parts.every((part) => typeof part === 'string');
  return areTexts ? parts.flatMap((name, at) => (at % 2 === 0 ? [[name, parts[at + 1]]] : [])) : value;
}

/** Objects that are best shown as a text; undefined for the others. */
function shown(object: object, limit: number): string | undefined {
  if (types.isDate(object)) {
    return Number.isNaN(dateTime.call(object)) ? 'Invalid Date' : dateText.call(object);
  }
  if (isError(object)) {
    const message = ownData(object, 'message');
    const { name } = typeOfObject(object);
    return typeof message === 'string' && message !== '' ? `${name}: ${cut(message, limit)}` : name;
  }
  if (types.isRegExp(object)) {
    return cut(regExpText.call(object), limit);
  }
  if (ArrayBuffer.isView(object)) {
    return types.isDataView(object) ? '[DataView]' : `[${className(object)}(${typedLength.call(object)})]`;
  }
  if (types.isAnyArrayBuffer(object)) {
    return `[ArrayBuffer(${object.byteLength})]`;
  }
  if (types.isStringObject(object)) {
    return cut(String.prototype.valueOf.call(object), limit);
  }
  for (const [is, name] of OPAQUE) {
    if (is(object)) {
      return `[${name}]`;
    }
  }
  return undefined;
}

/** Objects in which there is nothing to see. */
const OPAQUE: readonly [(value: unknown) => boolean, string][] = [
  [types.isPromise, 'Promise'],
  [types.isWeakMap, 'WeakMap'],
  [types.isWeakSet, 'WeakSet'],
  [types.isGeneratorObject, 'Generator'],
  [types.isModuleNamespaceObject, 'Module'],
  [types.isExternal, 'External'],
];

/** The name of an object's class; undefined for an object without a prototype. */
export function className(object: object): string | undefined {
  const prototype = prototypeOf(object);
  const maker = prototype === null ? undefined : ownData(prototype, 'constructor');
  const name = typeof maker === 'function' ? ownData(maker, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name.slice(0, MAX_NAME) : undefined;
}

function shownFunction(object: object): string {
  const name = ownData(object, 'name');
  const isClass = functionText.call(object).startsWith('class');
  const shownName = typeof name === 'string' && name !== '' ? name.slice(0, MAX_NAME) : '(anonymous)';
  return isClass ? `[class ${shownName}]` : `[Function: ${shownName}]`;
}
