/** What a fingerprint is made of, as the server tells it, read as carefully as an event: a later algorithm says it otherwise. */

export interface HashedStack {
  type: string;
  message: string;
  /** Caller to callee. */
  frames: { module: string; function: string }[];
  members: number;
  /** What does not count, in words. */
  dropped: string[];
}

export interface Hashed {
  version: string;
  basis: string;
  stacks: HashedStack[];
  message: { logger: string; text: string } | undefined;
  /** The application's own parts. */
  own: string[];
}

type Fields = { [name: string]: unknown };

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const DROPPED: Record<string, string> = {
  blocklisted: 'plumbing of frameworks',
  not_in_app: 'of libraries',
  recursion: 'inside of loops',
  unnamed: 'without a name',
  comprehension: 'of comprehensions',
};

function stack(value: unknown): HashedStack {
  const from = fields(value);
  return {
    type: text(from['type']),
    message: text(from['message']),
    frames: list(from['frames']).map((one) => ({
      module: text(fields(one)['module']),
      function: text(fields(one)['function']),
    })),
    members: list(from['members']).length,
    dropped: Object.entries(fields(from['dropped'])).map(
      ([name, count]) => `${typeof count === 'number' ? count : 0} frames ${DROPPED[name] ?? name}`,
    ),
  };
}

export function readRecord(record: Fields): Hashed {
  const message = fields(record['message']);
  return {
    version: text(record['version']),
    basis: text(record['basis']),
    stacks: [...list(record['exceptions']), ...(record['thread'] ? [record['thread']] : [])].map(stack),
    message: record['message'] ? { logger: text(message['logger']), text: text(message['text']) } : undefined,
    own: list(record['fingerprint']).map(text).filter(Boolean),
  };
}
