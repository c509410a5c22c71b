/** Types of what is thrown: their names, and the ids by which the engine knows them. */

import { native } from '../native';
import { get, isError, ownData, prototypeOf } from './safe';
import { MAX_NAME } from './text';

/** What is known of a type. */
export interface KnownType {
  /** As shown: `error.name` where it says more than `Error`, otherwise the constructor's name. */
  readonly name: string;
  /** Own name first, then names of what it inherits from: for `ignoreErrors` and `exceptionSampleRates`. */
  readonly names: readonly string[];
  /** For the engine. */
  readonly id: number;
}

/** Classes inherited from that are looked at. */
const MAX_PROTOTYPES = 16;
/** Names that errors of one class give themselves: beyond that they are not remembered. */
const MAX_OWN_NAMES = 32;

interface OfPrototype {
  /** Errors of it have their names behind a getter. */
  readonly named: boolean;
  plain: KnownType | undefined;
  byOwnName: Map<string, KnownType> | undefined;
}

const byPrototype = new WeakMap<object, OfPrototype>();
const byPrimitive = new Map<string, KnownType>();

/** The type of a thrown object. */
export function typeOfObject(thrown: object): KnownType {
  const prototype = prototypeOf(thrown);
  if (prototype === null) {
    return make(['Object']);
  }
  let known = byPrototype.get(prototype);
  if (known === undefined) {
    known = { named: namesOf(prototype).includes('DOMException'), plain: undefined, byOwnName: undefined };
    byPrototype.set(prototype, known);
  }
  const own = ownName(thrown, known.named);
  if (own === undefined) {
    return (known.plain ??= make(namesOf(prototype)));
  }
  known.byOwnName ??= new Map();
  let type = known.byOwnName.get(own);
  if (type === undefined) {
    type = make([own, ...namesOf(prototype)]);
    if (known.byOwnName.size < MAX_OWN_NAMES) {
      known.byOwnName.set(own, type);
    }
  }
  return type;
}

/** The type of a thrown primitive: `string`, `undefined`, ... */
export function typeOfPrimitive(thrown: unknown): KnownType {
  const name = thrown === null ? 'null' : typeof thrown;
  let type = byPrimitive.get(name);
  if (type === undefined) {
    type = make([name]);
    byPrimitive.set(name, type);
  }
  return type;
}

/** Tells the engine the names of a type again, which it has forgotten. */
export function tell(type: KnownType): void {
  native.internType([...type.names]);
}

function make(names: string[]): KnownType {
  const unique = [...new Set(names)];
  return { name: unique[0] ?? 'Object', names: unique, id: native.internType(unique) };
}

/** The name that an error was given itself: `error.name = 'AbortError'`. A `name` of another object is its own affair. */
function ownName(thrown: object, named: boolean): string | undefined {
  if (!isError(thrown)) {
    return undefined;
  }
  const name = named ? get(thrown, 'name') : ownData(thrown, 'name');
  return typeof name === 'string' && name !== '' ? name.slice(0, MAX_NAME) : undefined;
}

/** Names along the prototypes, the most telling first. */
function namesOf(prototype: object): string[] {
  const names: string[] = [];
  let current: object | null = prototype;
  for (let steps = 0; current !== null && steps < MAX_PROTOTYPES; steps++) {
    const maker: unknown = ownData(current, 'constructor');
    const given = nameIn(current, 'name');
    const made = typeof maker === 'function' ? nameIn(maker, 'name') : undefined;
    // A class that names itself does so because its constructor's name says less, after a minifier, say.
    for (const name of [given, made]) {
      if (name !== undefined) {
        names.push(name);
      }
    }
    current = prototypeOf(current);
  }
  // `Object` says something only of what is nothing else.
  return names.length > 1 ? names.filter((name) => name !== 'Object') : names;
}

function nameIn(object: object, key: string): string | undefined {
  const name = ownData(object, key);
  return typeof name === 'string' && name !== '' ? name.slice(0, MAX_NAME) : undefined;
}
