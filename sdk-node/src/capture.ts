/** The capture calls. The order is that of the gate: cheapest test first, and no more looked at than it needs. */

import { type Event, type EventHint, callbacks } from './callbacks';
import { unwrap } from './errors';
import { type Raised, details, extract } from './extract/chain';
import { get, isError, isObject } from './extract/safe';
import { callerStack } from './extract/stack';
import { MAX_MESSAGE } from './extract/text';
import { type KnownType, tell, typeOfObject, typeOfPrimitive } from './extract/types';
import { SCOPE, SURROUNDINGS, WHOLE, toJson, toText } from './extract/values';
import { inside, note, quietly, sayOnce, within } from './guard';
import { type Captured, type Causes, native } from './native';
import { type Layers, type Level, type Scope, type User, here, places, surroundings } from './scope';
import { settings } from './settings';

/** What a call says of itself. */
export interface CaptureContext {
  level?: Level | undefined;
  tags?: Record<string, unknown> | undefined;
  extra?: Record<string, unknown> | undefined;
  contexts?: Record<string, Record<string, unknown>> | undefined;
  user?: User | undefined;
  /** Groups the event by these texts; `{{ default }}` stands for the usual grouping. */
  fingerprint?: readonly string[] | undefined;
  transaction?: string | undefined;
  logger?: string | undefined;
  /** False when nobody caught it; default true. */
  handled?: boolean | undefined;
  /** Who captured it; default `generic`. */
  mechanism?: string | undefined;
}

/** What a message says of itself. */
export interface MessageContext extends CaptureContext {
  /** The message before its values were put in, to group by. */
  template?: string | undefined;
  params?: unknown;
}

/** Type id of what has no type. */
const NO_TYPE = 0;
/** The engine's answers where a rate would be. */
const NO = -1;
const UNKNOWN_TYPE = -2;
const DISABLED = -3;

/** Objects that were captured, or refused, with the id of their event. */
const seen = new WeakMap<object, string | undefined>();

/**
 * Captures what was thrown, error or not. Never throws and never blocks.
 *
 * Gives the id of the new event; for one more occurrence of a storming place the id of the last full event; for an
 * error object that was captured before its first id; otherwise undefined.
 */
export function captureException(error: unknown, context?: CaptureContext): string | undefined {
  return captured('captureException', () => exception(error, said(context)));
}

/**
 * Captures a message. Never throws and never blocks. `context` is a level, or all that the call says of itself; the
 * level's default is `info`.
 */
export function captureMessage(message: unknown, context?: Level | MessageContext): string | undefined {
  return captured('captureMessage', () =>
    messageOf(message, typeof context === 'string' ? { level: context as Level } : said(context)),
  );
}

/** Captures an event given in the protocol's own form. Never throws and never blocks. */
export function captureEvent(event: Event): string | undefined {
  return captured('captureEvent', () => eventOf(event));
}

/**
 * The fingerprint of an error, or of an event in the protocol's form, and the record of what was hashed. Nothing is
 * sent. Throws `InvalidPayloadError` on what is no event.
 */
export function explain(error: unknown): Record<string, unknown> {
  return within(() => {
    if (isObject(error) && !isError(error)) {
      return unwrap(native.explainEvent(toJson(error, WHOLE)));
    }
    const chain = extract(error, typeOf(error));
    const all: readonly Raised[] = [chain, ...(chain.causes ?? [])];
    const types = all.map((raised) => raised.type.name);
    const values = all.map((raised) => raised.value);
    const stacks = all.map((raised) => raised.stack);
    return unwrap(native.explainException(types, values, stacks, chain.links));
  }) as Record<string, unknown>;
}

/** A capture, as Faultwire's own work; a mistake in it loses the event and nothing else. */
function captured(where: string, capture: () => string | undefined): string | undefined {
  if (inside.depth > 0) {
    native.refuse('reentrant');
    return undefined;
  }
  inside.depth++;
  try {
    return capture();
  } catch (error) {
    native.abandon();
    note(where, error);
    return undefined;
  } finally {
    inside.depth--;
  }
}

function typeOf(thrown: unknown): KnownType {
  return isObject(thrown) ? typeOfObject(thrown) : typeOfPrimitive(thrown);
}

function exception(error: unknown, context: CaptureContext | undefined): string | undefined {
  const object = isObject(error) ? error : undefined;
  if (object !== undefined && seen.has(object)) {
    native.refuse('already_captured');
    return isOff() ? undefined : seen.get(object);
  }
  const type = typeOf(error);
  const rate = sample(type, error, context, 'error');
  if (rate === DISABLED) {
    return undefined;
  }
  const id = rate < 0 ? undefined : sampled(error, type, rate, context);
  if (object !== undefined) {
    seen.set(object, id);
  }
  return id;
}

function isOff(): boolean {
  return native.generation() === 0;
}

function sampled(
  error: unknown,
  type: KnownType,
  rate: number,
  context: CaptureContext | undefined,
): string | undefined {
  const chain = extract(error, type);
  if (chain.synthetic && chain.stack === '' && settings().attachStacktrace) {
    chain.stack = callerStack(captureException);
  }
  const layers = here();
  const said = places.maySay ? native.saidPlace(layers.isolation.cell, layers.current?.cell) : '';
  const mayFold = context?.fingerprint === undefined && said !== null;
  const causes = chain.causes === undefined ? undefined : listed(chain.causes);
  const severity = level(context) ?? (said || undefined);
  const verdict = native.admit(rate, type.id, chain.value, chain.stack, severity, mayFold, causes);
  if (verdict !== true) {
    return verdict === false ? undefined : verdict;
  }
  const result = native.captureException(
    layers.isolation.cell,
    layers.current?.cell,
    type.name,
    chain.causes?.map((raised) => raised.type.name),
    chain.links,
    text(context?.mechanism),
    context?.handled ?? true,
    chain.synthetic,
    text(context?.logger),
    callLayer(context),
    around(layers, details(chain)),
    callbacks.beforeSend !== undefined,
  );
  return finish(result, layers.isolation, error);
}

function listed(raised: readonly Raised[]): Causes {
  return {
    typeIds: raised.map(({ type }) => type.id),
    values: raised.map(({ value }) => value),
    stacks: raised.map(({ stack }) => stack),
  };
}

function messageOf(message: unknown, context: MessageContext | undefined): string | undefined {
  const rate = sample(undefined, undefined, context, 'info');
  if (rate < 0) {
    return undefined;
  }
  const layers = here();
  const result = native.captureMessage(
    rate,
    layers.isolation.cell,
    layers.current?.cell,
    toText(message, MAX_MESSAGE),
    context?.template === undefined ? undefined : toText(context.template, MAX_MESSAGE),
    context?.params === undefined ? undefined : toJson(context.params, SCOPE),
    settings().attachStacktrace ? callerStack(captureMessage) : undefined,
    text(context?.logger),
    callLayer(context),
    around(layers, undefined),
    callbacks.beforeSend !== undefined,
  );
  return finish(result, layers.isolation);
}

function eventOf(event: Event): string | undefined {
  if (isOff()) {
    return undefined;
  }
  const layers = here();
  const rate = callbacks.errorSampler === undefined ? NO : askSampler(typeOfEvent(event), {}, saidBy(event), 'error');
  const result = native.captureEvent(
    toJson(event, WHOLE),
    rate,
    layers.isolation.cell,
    layers.current?.cell,
    callbacks.beforeSend !== undefined,
  );
  return finish(result, layers.isolation);
}

/** The rate that something was kept at, or `DISABLED`, or `NO`; only its type is looked at. */
function sample(
  type: KnownType | undefined,
  error: unknown,
  context: CaptureContext | undefined,
  usual: Level,
): number {
  const id = type?.id ?? NO_TYPE;
  let asked = NO;
  if (callbacks.errorSampler !== undefined) {
    // What is ignored, the sampler is not asked about.
    let policy = native.typeRate(id);
    if (policy === UNKNOWN_TYPE && type !== undefined) {
      tell(type);
      policy = native.typeRate(id);
    }
    if (policy >= 0) {
      asked = askSampler(type?.name, type === undefined ? {} : { originalException: error }, context, usual);
    }
  }
  const rate = native.sample(id, asked);
  if (rate !== UNKNOWN_TYPE || type === undefined) {
    return rate;
  }
  tell(type);
  return native.sample(id, asked);
}

/** What the application's sampler says; negative where it throws or gives no share. */
function askSampler(
  exceptionType: string | undefined,
  hint: EventHint,
  context: CaptureContext | undefined,
  usual: Level,
): number {
  const share = quietly('errorSampler', () => {
    const layers = here();
    const { isolation, current } = layers;
    const asked = native.asked(isolation.cell, current?.cell, callLayer(context), around(layers, undefined), usual);
    return callbacks.errorSampler?.({
      ...hint,
      exceptionType,
      level: asked.level as Level,
      logger: text(context?.logger),
      transaction: asked.transaction,
    });
  });
  return typeof share === 'number' && share >= 0 && share <= 1 ? share : NO;
}

/** What a finished event says of itself, as a capture would. */
function saidBy(event: Event): CaptureContext {
  return {
    level: get(event, 'level'),
    logger: get(event, 'logger'),
    transaction: get(event, 'transaction'),
  } as CaptureContext;
}

/** The class of the outermost error of a finished event. */
function typeOfEvent(event: Event): string | undefined {
  return quietly('errorSampler', () => text((event as Thrown).exception?.values?.at(-1)?.type));
}

interface Thrown {
  exception?: { values?: { type?: unknown }[] };
}

/** From the engine's answer to the id: through the application's hook, if it has one. */
function finish(result: Captured, isolation: Scope, error?: unknown): string | undefined {
  if (result === null) {
    return undefined;
  }
  if (typeof result === 'string') {
    isolation.lastEventId = result;
    return result;
  }
  const event = JSON.parse(result.event) as Event;
  if (!native.complete(beforeSend(event, error))) {
    return undefined;
  }
  isolation.lastEventId = result.id;
  return result.id;
}

/** What the hook made of an event, as JSON; undefined drops it. */
function beforeSend(event: Event, error: unknown): string | undefined {
  try {
    const changed: unknown = callbacks.beforeSend?.(event, error === undefined ? {} : { originalException: error });
    if (changed === null) {
      return undefined;
    }
    if (typeof changed !== 'object' || typeof (changed as { then?: unknown }).then === 'function') {
      sayOnce('beforeSend gave neither an event nor null (it must not be async): the event is dropped');
      if (typeof changed === 'object') {
        // Nobody else handles it.
        Promise.resolve(changed).catch(() => {});
      }
      return undefined;
    }
    return toJson(changed, WHOLE);
  } catch (thrown) {
    note('beforeSend', thrown);
    return undefined;
  }
}

function level(context: CaptureContext | undefined): string | undefined {
  return text(context?.level);
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : toText(value);
}

const LAYER = ['level', 'transaction', 'extra', 'contexts', 'user', 'fingerprint'] as const;
const FIELDS = [...LAYER, 'tags', 'logger', 'handled', 'mechanism', 'template', 'params'] as const;

/** What of a context can be read: a getter that throws costs what it stands for, not the event. */
function said(context: MessageContext | undefined): MessageContext | undefined {
  if (!isObject(context)) {
    return undefined;
  }
  const readable: Record<string, unknown> = {};
  for (const name of FIELDS) {
    readable[name] = get(context, name);
  }
  return readable;
}

/** The layer of one call, as JSON; undefined when it says nothing. */
function callLayer(context: CaptureContext | undefined): string | undefined {
  if (context === undefined) {
    return undefined;
  }
  let json = '';
  const add = (name: string, value: string): void => void (json += `${json === '' ? '' : ','}"${name}":${value}`);
  for (const name of LAYER) {
    const value = context[name];
    if (value !== undefined && value !== null) {
      add(name, toJson(value, SCOPE));
    }
  }
  const tags = isObject(context.tags) ? quietly('tags', () => textsOf(context.tags as object)) : undefined;
  if (tags !== undefined) {
    add('tags', toJson(tags, SCOPE));
  }
  return json === '' ? undefined : `{${json}}`;
}

/** The members of an object as texts. */
function textsOf(object: object): Record<string, string> {
  return Object.fromEntries(Object.keys(object).map((key) => [toText(key), toText(get(object, key))]));
}

/** What is known beside the scopes: of the request, and `extra`, JSON, that hangs on the errors. */
function around(layers: Layers, extra: string | undefined): string | undefined {
  const known = quietly('surroundings', () => surroundings(layers));
  if (known === undefined) {
    return extra === undefined ? undefined : `{"extra":${extra}}`;
  }
  const json = toJson(known, SURROUNDINGS);
  if (extra === undefined || !json.startsWith('{')) {
    return json;
  }
  return json === '{}' ? `{"extra":${extra}}` : `{"extra":${extra},${json.slice(1)}`;
}
