/** What an occurrence says, as the page shows it. Whatever is not said is not there: a foreign client may leave out anything. */

/** Free detail: what JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A line of source. */
export interface SourceLine {
  number: number | undefined;
  text: string;
  isCurrent: boolean;
}

export interface Frame {
  function: string;
  /** File as people name it, or else the module or library. */
  place: string;
  module: string;
  path: string;
  package: string;
  line: number | undefined;
  column: number | undefined;
  address: string;
  isInApp: boolean;
  source: SourceLine[];
  locals: [string, Json][];
}

export interface Stack {
  /** Caller to callee: what ran last is last. */
  frames: Frame[];
  /** Frames that were there before some were left out. */
  total: number;
}

/** How an error hangs together with the one above it. */
export type Relation = 'raised' | 'cause' | 'context' | 'member';

export interface Thrown {
  relation: Relation;
  /** How deep it stands below what was raised. */
  depth: number;
  type: string;
  module: string;
  value: string;
  /** Whether something caught it, if that is said. */
  isHandled: boolean | undefined;
  mechanism: string;
  /** The attribute that held it: `__cause__`, `exceptions[0]`. */
  source: string;
  isGroup: boolean;
  stack: Stack | undefined;
}

export interface Thread {
  id: string;
  name: string;
  isCrashed: boolean;
  isCurrent: boolean;
  stack: Stack | undefined;
}

export interface Crumb {
  /** Milliseconds since 1970. */
  time: number | undefined;
  type: string;
  category: string;
  level: string;
  message: string;
  data: [string, Json][];
}

export interface Request {
  method: string;
  url: string;
  query: [string, Json][];
  headers: [string, Json][];
  cookies: [string, Json][];
  body: Json | undefined;
  environment: [string, Json][];
}

/** Something that was cut, removed or filtered. */
export interface Remark {
  /** Where: `request.headers.Authorization`. */
  place: string;
  /** By which rule: `password`, `card`; `limit` for what was too long. */
  rule: string;
  /** Whether it was hidden, rather than too long. */
  isFiltered: boolean;
  /** Whether the whole of it is gone. */
  isRemoved: boolean;
  /** Its length before. */
  length: number | undefined;
}

export interface Occurred {
  id: string;
  /** Milliseconds since 1970. */
  time: number | undefined;
  platform: string;
  level: string;
  message: string;
  template: string;
  params: Json | undefined;
  logger: string;
  transaction: string;
  server: string;
  release: string;
  dist: string;
  environment: string;
  /** What was raised first, then what is below it. */
  thrown: Thrown[];
  threads: Thread[];
  /** The last one first. */
  crumbs: Crumb[];
  /** Crumbs that were there before some were left out. */
  crumbsTotal: number;
  user: [string, Json][];
  request: Request | undefined;
  tags: [string, string][];
  contexts: [string, [string, Json][]][];
  extra: [string, Json][];
  modules: [string, string][];
  fingerprint: string[];
  sdk: { name: string; version: string; integrations: string[]; packages: string[] } | undefined;
  images: Json[];
  remarks: Remark[];
}
