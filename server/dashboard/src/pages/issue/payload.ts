/**
 * The payload of an event, as any client may have sent it, made into parts. Nothing else looks at it: what is absent, or
 * not of the type that the protocol has, ends here.
 */

import type {
  Crumb,
  Frame,
  Json,
  Occurred,
  Relation,
  Remark,
  Request,
  SourceLine,
  Stack,
  Thread,
  Thrown,
} from './parts';

type Fields = { [name: string]: Json };

/** Places that are listed at most: there are only so many that people read. */
const MAX_REMARKS = 1_000;
/** How deep is looked for what was filtered. The server keeps no deeper ones. */
const MAX_DEPTH = 40;

function fields(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** A text of whatever can be one. */
function text(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function number(value: Json | undefined): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
}

function flag(value: Json | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** A list, also where it stands under `values` or is only one. */
function list(value: Json | undefined): Json[] {
  if (Array.isArray(value)) return value.filter((one) => one !== null);
  const { values } = fields(value);
  if (Array.isArray(values)) return values.filter((one) => one !== null);
  return Object.keys(fields(value)).length > 0 ? [fields(value)] : [];
}

/** Names with what they are: of an object, of a list of pairs, or of `a=b&c=d`. */
function pairs(value: Json | undefined, between?: string): [string, Json][] {
  if (Array.isArray(value)) {
    return value.flatMap((one): [string, Json][] =>
      Array.isArray(one) ? [[text(one[0]), one[1] ?? null]] : [[text(one), null]],
    );
  }
  if (typeof value === 'string' && between !== undefined && value !== '') {
    return value
      .replace(/^\?/, '')
      .split(between)
      .map((part): [string, Json] => {
        const at = part.indexOf('=');
        return at < 0 ? [part.trim(), null] : [part.slice(0, at).trim(), decoded(part.slice(at + 1), between)];
      });
  }
  return Object.entries(fields(value));
}

function decoded(value: string, between: string): string {
  if (between !== '&') return value;
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    // As it was sent.
    return value;
  }
}

/** Milliseconds of seconds, or of a date as text; without a zone it is UTC. */
function time(value: Json | undefined): number | undefined {
  const seconds = number(value);
  if (seconds !== undefined) return seconds * 1000;
  if (typeof value !== 'string') return undefined;
  const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** What `_meta` says of a place. */
function meta(tree: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let node = tree;
  for (const step of path) {
    const inner = fields(node);
    node = Object.hasOwn(inner, step) ? inner[step] : undefined;
  }
  return node;
}

/** How many there were, where `_meta` says that some were left out. */
function total(present: number, node: Json | undefined): number {
  return Math.max(present, number(fields(fields(node)[''])['len']) ?? 0);
}

function source(frame: Fields): SourceLine[] {
  const current = frame['context_line'];
  if (typeof current !== 'string') return [];
  const before = (Array.isArray(frame['pre_context']) ? frame['pre_context'] : []).map(text);
  const after = (Array.isArray(frame['post_context']) ? frame['post_context'] : []).map(text);
  const line = number(frame['lineno']);
  return [...before, current, ...after].map((content, index) => ({
    number: line === undefined ? undefined : line - before.length + index,
    text: content,
    isCurrent: index === before.length,
  }));
}

function frame(value: Json): Frame {
  const from = fields(value);
  const name = (key: string) => text(from[key]);
  return {
    function: name('function'),
    place: name('filename') || name('abs_path') || name('module') || name('package') || name('instruction_addr'),
    module: name('module'),
    path: name('abs_path') || name('filename'),
    package: name('package'),
    line: number(from['lineno']),
    column: number(from['colno']),
    address: name('instruction_addr'),
    isInApp: from['in_app'] === true,
    source: source(from),
    locals: Object.entries(fields(from['vars'])),
  };
}

function stack(value: Json | undefined, remarks: Json | undefined): Stack | undefined {
  const { frames } = fields(value);
  if (!Array.isArray(frames) || frames.length === 0) return undefined;
  const read = frames.filter((one) => one !== null).map(frame);
  // A client that does not tell its own code from libraries: all of it counts as its own.
  if (frames.every((one) => flag(fields(one)['in_app']) === undefined)) for (const one of read) one.isInApp = true;
  return { frames: read, total: total(read.length, meta(remarks, 'frames')) };
}

const RELATIONS: readonly [RegExp, Relation][] = [
  [/^(exceptions|errors|suppressed)\[/, 'member'],
  [/^__context__$/, 'context'],
];

/** What was raised, and below each error what it came from. */
function thrown(value: Json | undefined, remarks: Json | undefined): Thrown[] {
  const all = list(value).map((one, index) => {
    const from = fields(one);
    const mechanism = fields(from['mechanism']);
    const held = text(mechanism['source']);
    return {
      id: number(mechanism['exception_id']),
      parent: number(mechanism['parent_id']),
      shown: {
        relation: RELATIONS.find(([pattern]) => pattern.test(held))?.[1] ?? 'cause',
        depth: 0,
        type: text(from['type']),
        module: text(from['module']),
        value: text(from['value']),
        isHandled: flag(mechanism['handled']),
        mechanism: text(mechanism['type']),
        source: held,
        isGroup: mechanism['is_exception_group'] === true,
        stack: stack(from['stacktrace'], meta(remarks, 'values', index, 'stacktrace')),
      } as Thrown,
    };
  });
  // The protocol has the raised one last.
  all.reverse();
  const ordered: Thrown[] = [];
  const isKnown = new Set<unknown>();
  const add = (one: (typeof all)[number], depth: number) => {
    if (isKnown.has(one)) return;
    isKnown.add(one);
    const isFirst = ordered.length === 0;
    ordered.push({ ...one.shown, depth, relation: isFirst ? 'raised' : one.shown.relation });
    if (one.id === undefined) return;
    const below = all.filter((other) => other !== one && other.parent === one.id);
    const place = (other: (typeof all)[number]) => Number(/\[(\d+)\]/.exec(other.shown.source)?.[1] ?? -1);
    below.sort((a, b) => place(a) - place(b));
    // A cause goes on the chain, a member stands below its group.
    for (const other of below) add(other, other.shown.relation === 'member' ? depth + 1 : depth);
  };
  for (const one of all) add(one, 0);
  return ordered;
}

function thread(value: Json, index: number, remarks: Json | undefined): Thread {
  const from = fields(value);
  return {
    id: text(from['id']),
    name: text(from['name']),
    isCrashed: from['crashed'] === true,
    isCurrent: from['current'] === true,
    stack: stack(from['stacktrace'], meta(remarks, 'values', index, 'stacktrace')),
  };
}

function crumb(value: Json): Crumb {
  const from = fields(value);
  return {
    time: time(from['timestamp']),
    type: text(from['type']),
    category: text(from['category']),
    level: text(from['level']),
    message: text(from['message']),
    data: Object.entries(fields(from['data'])),
  };
}

function request(value: Json | undefined): Request | undefined {
  const from = fields(value);
  if (Object.keys(from).length === 0) return undefined;
  return {
    method: text(from['method']),
    url: text(from['url']),
    query: pairs(from['query_string'], '&'),
    headers: pairs(from['headers']),
    cookies: pairs(from['cookies'], ';'),
    body: from['data'] === null ? undefined : from['data'],
    environment: pairs(from['env']),
  };
}

/** Tags, modules: texts under names. */
function texts(value: Json | undefined): [string, string][] {
  return pairs(value).map(([name, one]) => [name, text(one) || (one === null ? '' : JSON.stringify(one))]);
}

function join(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`;
}

/** What `_meta` says was done, place by place. */
function said(node: Json | undefined, path: string, depth: number, found: Remark[]): void {
  if (depth > MAX_DEPTH || found.length >= MAX_REMARKS) return;
  for (const [step, inner] of Object.entries(fields(node))) {
    if (step !== '') {
      said(inner, join(path, step), depth + 1, found);
      continue;
    }
    const { rem, len } = fields(inner);
    for (const one of Array.isArray(rem) ? rem : []) {
      const rule = text(Array.isArray(one) ? one[0] : one);
      const kind = text(Array.isArray(one) ? one[1] : undefined);
      if (rule === '') continue;
      found.push({
        place: path,
        rule: rule.replace(/^[@!]/, ''),
        isFiltered: !rule.startsWith('!'),
        isRemoved: kind === 'x',
        length: number(len),
      });
    }
  }
}

const FILTERED = /\[Filtered(?::([^\]\s]{1,64}))?\]/g;

/** What stands in the event as filtered, and of which `_meta` says nothing. */
function seen(value: Json | undefined, path: string, depth: number, found: Remark[], isSaid: Set<string>): void {
  if (depth > MAX_DEPTH || found.length >= MAX_REMARKS) return;
  if (typeof value === 'string') {
    if (!value.includes('[Filtered') || isSaid.has(path)) return;
    const rules = new Set([...value.matchAll(FILTERED)].map((match) => match[1] ?? 'name'));
    for (const rule of rules) {
      found.push({ place: path, rule, isFiltered: true, isRemoved: false, length: undefined });
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [step, inner] of Object.entries(value)) seen(inner, join(path, step), depth + 1, found, isSaid);
  }
}

function remarks(event: Fields): Remark[] {
  const found: Remark[] = [];
  const { _meta: tree, ...rest } = event;
  said(tree, '', 0, found);
  const isSaid = new Set(found.filter((one) => one.isFiltered).map((one) => one.place));
  seen(rest, '', 0, found, isSaid);
  return found;
}

/** Makes parts of a payload. */
export function readPayload(payload: { [name: string]: unknown }): Occurred {
  // It came as JSON.
  const event = payload as Fields;
  const own = (name: string) => text(event[name]);
  const tree = event['_meta'];
  const crumbs = list(event['breadcrumbs']).map(crumb).reverse();
  const { message, formatted, params } = fields(event['logentry'] ?? event['message']);
  const sdk = fields(event['sdk']);
  return {
    id: own('event_id'),
    time: time(event['timestamp']),
    platform: own('platform'),
    level: own('level'),
    message: text(formatted) || text(message) || own('logentry') || own('message'),
    template: formatted === undefined || formatted === null ? '' : text(message),
    params: params ?? undefined,
    logger: own('logger'),
    transaction: own('transaction'),
    server: own('server_name'),
    release: own('release'),
    dist: own('dist'),
    environment: own('environment'),
    thrown: thrown(event['exception'], meta(tree, 'exception')),
    threads: list(event['threads']).map((one, index) => thread(one, index, meta(tree, 'threads'))),
    crumbs,
    crumbsTotal: total(crumbs.length, meta(tree, 'breadcrumbs', 'values')),
    user: Object.entries(fields(event['user'])).filter(([, value]) => value !== null),
    request: request(event['request']),
    tags: texts(event['tags']),
    contexts: Object.entries(fields(event['contexts'])).map(([name, one]) => [
      name,
      typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.entries(one) : [['', one]],
    ]),
    extra: Object.entries(fields(event['extra'])),
    modules: texts(event['modules']),
    fingerprint: list(event['fingerprint']).map(text),
    sdk:
      Object.keys(sdk).length === 0
        ? undefined
        : {
            name: text(sdk['name']),
            version: text(sdk['version']),
            integrations: list(sdk['integrations']).map(text).filter(Boolean),
            packages: list(sdk['packages']).map((one) =>
              [text(fields(one)['name']), text(fields(one)['version'])].filter(Boolean).join(' '),
            ),
          },
    images: list(fields(event['debug_meta'])['images']),
    remarks: remarks(event),
  };
}
