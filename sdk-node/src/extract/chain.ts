/** An error and everything it came from: causes, members of groups. And what is thrown without being an error. */

import { get, isError, isList, isObject, ownData } from './safe';
import { stackOf } from './stack';
import { MAX_MESSAGE, MAX_NAME, cut } from './text';
import { type KnownType, typeOfObject } from './types';
import { className, detail, membersToJson, toJson, toText } from './values';

/** Errors of one chain or group. */
const MAX_EXCEPTIONS = 64;
/** Members of a list `errors` that are looked at. */
const MAX_MEMBERS = 64;
/** Keys named in the text of a thrown object. */
const MAX_KEYS = 16;
/** What is said elsewhere, or by the engine. */
const NOT_DETAIL: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Lists that go together, the thrown thing first. */
export interface Chain {
  readonly objects: (object | undefined)[];
  readonly typeIds: number[];
  readonly types: string[];
  readonly values: string[];
  readonly stacks: string[];
  /** JSON of `[parent, attribute, is a group]` each; undefined when there is one without parts. */
  links: string | undefined;
  /** What was thrown is no error. */
  readonly synthetic: boolean;
}

/** What was thrown and its causes. `type` is the thrown thing's own. Never throws. */
export function extract(thrown: unknown, type: KnownType): Chain {
  const chain: Chain = {
    objects: [],
    typeIds: [],
    types: [],
    values: [],
    stacks: [],
    links: undefined,
    synthetic: !isError(thrown),
  };
  if (!isObject(thrown)) {
    add(chain, undefined, type, toText(thrown, MAX_MESSAGE), '');
    return chain;
  }
  if (chain.synthetic) {
    const said = get(thrown, 'message');
    const message = typeof said === 'string' ? said : describe(thrown);
    add(chain, thrown, type, cut(message, MAX_MESSAGE), stackOf(thrown, message));
    return chain;
  }
  new Collector(chain).add(thrown as Error, type, -1, '');
  return chain;
}

function add(chain: Chain, object: object | undefined, type: KnownType, value: string, stack: string): void {
  chain.objects.push(object);
  chain.typeIds.push(type.id);
  chain.types.push(type.name);
  chain.values.push(value);
  chain.stacks.push(stack);
}

class Collector {
  private readonly seen = new Set<object>();
  private readonly links: [parent: number, attribute: string, isGroup: boolean][] = [];

  constructor(private readonly chain: Chain) {}

  /** Adds an error, the members of a group, and then its cause. */
  add(first: Error, typeOfFirst: KnownType, parent: number, attribute: string): void {
    const { chain, links, seen } = this;
    let error = first;
    let type = typeOfFirst;
    while (chain.types.length < MAX_EXCEPTIONS && !seen.has(error)) {
      seen.add(error);
      const at = chain.types.length;
      const said = get(error, 'message');
      const message = typeof said === 'string' ? said : said === undefined ? '' : toText(said, MAX_MESSAGE);
      add(chain, error, type, cut(message, MAX_MESSAGE), stackOf(error, message));
      const members = errorsOf(error);
      links.push([parent, attribute, members.length > 0]);
      if (links.length > 1 || members.length > 0) {
        chain.links = '';
      }
      for (const [index, member] of members) {
        this.add(member, typeOfObject(member), at, `errors[${index}]`);
      }
      const cause = get(error, 'cause');
      if (!isError(cause)) {
        break;
      }
      error = cause;
      type = typeOfObject(cause);
      parent = at;
      attribute = 'cause';
    }
    if (first === chain.objects[0] && chain.links !== undefined) {
      chain.links = JSON.stringify(links);
    }
  }
}

const NOTHING: [number, Error][] = [];

/** The errors of an `AggregateError`, or of another error with a list `errors`, with their places in it. */
function errorsOf(error: Error): [number, Error][] {
  const list = get(error, 'errors');
  try {
    if (!Array.isArray(list)) {
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
export function details(chain: Chain, maxValueLength: number): string | undefined {
  let json = '';
  const names = new Set<string>();
  for (const [at, object] of chain.objects.entries()) {
    if (object === undefined) {
      continue;
    }
    const limits = detail(maxValueLength);
    const members = chain.synthetic && isList(object) ? toJson(object, limits) : own(object, limits);
    if (members === undefined) {
      continue;
    }
    const type = chain.types[at] ?? 'Error';
    const name = names.has(type) ? `${type} (${at + 1})` : type;
    names.add(name);
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${members}`;
  }
  return json === '' ? undefined : `{${json}}`;
}

function own(object: object, limits: ReturnType<typeof detail>): string | undefined {
  const members = membersToJson(object, NOT_DETAIL, limits);
  // A cause that is no error has no place in the chain.
  const cause = ownData(object, 'cause');
  if (cause === undefined || isError(cause)) {
    return members;
  }
  const shown = `"cause":${toJson(cause, limits)}`;
  return members === undefined ? `{${shown}}` : `{${shown},${members.slice(1)}`;
}
