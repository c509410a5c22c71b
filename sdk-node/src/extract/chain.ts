/** An error and everything it came from: causes, members of groups. And what is thrown without being an error. */

import { get, isError, isList, isObject, ownData } from './safe';
import { stackOf } from './stack';
import { MAX_MESSAGE, MAX_NAME, cut } from './text';
import { type KnownType, typeOfObject } from './types';
import { type Limits, className, detail, hasMembers, membersToJson, toJson, toText } from './values';
import { settings } from '../settings';

/** Errors of one chain or group. */
const MAX_EXCEPTIONS = 64;
/** Members of a list `errors` that are looked at. */
const MAX_MEMBERS = 64;
/** Keys named in the text of a thrown object. */
const MAX_KEYS = 16;
/** What is said elsewhere, or by the engine. */
const NOT_DETAIL: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** One error, or what was thrown in place of one. */
export interface Raised {
  /** Undefined for what is no object. */
  readonly object: object | undefined;
  readonly type: KnownType;
  readonly value: string;
  /** Empty where there is none. */
  stack: string;
}

/** What was thrown. */
export interface Chain extends Raised {
  /** It is no error. */
  readonly synthetic: boolean;
  /** What it came from; undefined when it came from nothing. */
  readonly causes: readonly Raised[] | undefined;
  /** JSON of `[parent, attribute, is a group]` for it and each cause; undefined when there is nothing to say. */
  readonly links: string | undefined;
}

/** What was thrown and its causes. `type` is the thrown thing's own. Never throws. */
export function extract(thrown: unknown, type: KnownType): Chain {
  if (!isObject(thrown)) {
    const value = toText(thrown, MAX_MESSAGE);
    return { object: undefined, type, value, stack: '', synthetic: true, causes: undefined, links: undefined };
  }
  if (!isError(thrown)) {
    const said = get(thrown, 'message');
    const message = typeof said === 'string' ? said : describe(thrown);
    const stack = stackOf(thrown, message);
    const value = cut(message, MAX_MESSAGE);
    return { object: thrown, type, value, stack, synthetic: true, causes: undefined, links: undefined };
  }
  const { object, value, stack } = look(thrown, type);
  const members = errorsOf(thrown);
  const cause = get(thrown, 'cause');
  if (members.length === 0 && !isError(cause)) {
    return { object, type, value, stack, synthetic: false, causes: undefined, links: undefined };
  }
  const { causes, links } = new Collector(thrown, members, cause);
  return { object, type, value, stack, synthetic: false, causes, links: JSON.stringify(links) };
}

function look(error: Error, type: KnownType): Raised {
  const said = get(error, 'message');
  const message = typeof said === 'string' ? said : said === undefined ? '' : toText(said, MAX_MESSAGE);
  return { object: error, type, value: cut(message, MAX_MESSAGE), stack: stackOf(error, message) };
}

type Link = [parent: number, attribute: string, isGroup: boolean];

/** What an error came from: the members of a group, then the cause, each with its own. */
class Collector {
  readonly causes: Raised[] = [];
  readonly links: Link[];
  private readonly seen: Set<object>;

  constructor(first: Error, members: [number, Error][], cause: unknown) {
    this.seen = new Set([first]);
    this.links = [[-1, '', members.length > 0]];
    this.addMembers(members, 0);
    this.add(cause, 0, 'cause');
  }

  private addMembers(members: [number, Error][], parent: number): void {
    for (const [index, member] of members) {
      this.add(member, parent, `errors[${index}]`);
    }
  }

  private add(first: unknown, parent: number, attribute: string): void {
    let error = first;
    while (this.links.length < MAX_EXCEPTIONS && isError(error) && !this.seen.has(error)) {
      this.seen.add(error);
      this.causes.push(look(error, typeOfObject(error)));
      const members = errorsOf(error);
      const at = this.links.push([parent, attribute, members.length > 0]) - 1;
      this.addMembers(members, at);
      error = get(error, 'cause');
      parent = at;
      attribute = 'cause';
    }
  }
}

const NOTHING: [number, Error][] = [];

/** The errors of an `AggregateError`, or of another error with a list `errors`, with their places in it. */
function errorsOf(error: Error): [number, Error][] {
  const list = get(error, 'errors');
  try {
    if (list === undefined || !Array.isArray(list)) {
      return NOTHING;
    }
    const members: [number, Error][] = [];
    for (let index = 0; index < list.length && index < MAX_MEMBERS; index++) {
      const member: unknown = list[index];
      if (isError(member)) {
        members.push([index, member]);
      }
    }
    return members;
  } catch {
    return NOTHING;
  }
}

/** The text of a thrown object: what it is, not what it holds, which differs from one to the next. */
function describe(object: object): string {
  try {
    if (typeof object === 'function') {
      return toText(object, MAX_NAME);
    }
    if (isList(object)) {
      return 'Array';
    }
    const keys = Object.keys(object);
    const name = className(object) ?? 'Object';
    const more = keys.length > MAX_KEYS ? ', …' : '';
    const named = keys.slice(0, MAX_KEYS).map((key) => key.slice(0, MAX_NAME));
    return keys.length === 0 ? name : `${name} with keys: ${named.join(', ')}${more}`;
  } catch {
    return 'Object';
  }
}

/**
 * What hangs on the errors of a chain beyond what every error has (`code`, `errno`, a response), as members of a JSON
 * object by type name; undefined when nothing does.
 */
export function details(chain: Chain): string | undefined {
  let json = '';
  const names = new Set<string>();
  const all: readonly Raised[] = chain.causes === undefined ? [chain] : [chain, ...chain.causes];
  for (let at = 0; at < all.length; at++) {
    const { object, type } = all[at] as Raised;
    const members = object === undefined ? undefined : own(object, chain.synthetic);
    if (members === undefined) {
      continue;
    }
    const name = names.has(type.name) ? `${type.name} (${at + 1})` : type.name;
    names.add(name);
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${members}`;
  }
  return json === '' ? undefined : `{${json}}`;
}

function own(object: object, synthetic: boolean): string | undefined {
  if (synthetic && isList(object)) {
    return toJson(object, limits());
  }
  const members = hasMembers(object, NOT_DETAIL) ? membersToJson(object, NOT_DETAIL, limits()) : undefined;
  // A cause that is no error has no place in the chain.
  const cause = ownData(object, 'cause');
  if (cause === undefined || isError(cause)) {
    return members;
  }
  const shown = `"cause":${toJson(cause, limits())}`;
  return members === undefined ? `{${shown}}` : `{${shown},${members.slice(1)}`;
}

function limits(): Limits {
  return detail(settings().maxValueLength);
}
