/** What Faultwire throws: only from `init`, `explain` and `captureEvents`, and always one of these. */

/** Stable names of what went wrong, the same in every language. */
export type ErrorKind = 'invalid_option' | 'invalid_dsn' | 'invalid_payload' | 'internal';

/** Base of every error Faultwire throws. */
export class FaultwireError extends Error {
  /** What went wrong. */
  readonly kind: ErrorKind;
  /** The option or field at fault, as the application wrote it; empty when the whole input is. */
  readonly field: string;

  constructor(kind: ErrorKind, field: string, message: string) {
    super(field === '' ? message : `${field}: ${message}`);
    this.kind = kind;
    this.field = field;
  }
}

/** An option is unknown, ill-typed or out of range. */
export class InvalidOptionError extends FaultwireError {}
/** A DSN does not parse. */
export class InvalidDsnError extends FaultwireError {}
/** An envelope, event or item does not parse. */
export class InvalidPayloadError extends FaultwireError {}
/** The engine could not do its work. */
export class InternalError extends FaultwireError {}

const CLASSES: Record<ErrorKind, new (kind: ErrorKind, field: string, message: string) => FaultwireError> = {
  invalid_option: InvalidOptionError,
  invalid_dsn: InvalidDsnError,
  invalid_payload: InvalidPayloadError,
  internal: InternalError,
};

for (const errorClass of [FaultwireError, ...Object.values(CLASSES)]) {
  Object.defineProperty(errorClass.prototype, 'name', { value: errorClass.name, configurable: true, writable: true });
}

/** The error of a kind. */
export function errorOf(kind: ErrorKind, field: string, message: string): FaultwireError {
  return new (CLASSES[kind] ?? InternalError)(kind, field, message);
}

/** What an answer of the addon says; throws what it failed with. `rename` turns core's field names into ours. */
export function unwrap(answer: string, rename: (text: string) => string = (text) => text): unknown {
  const parsed = JSON.parse(answer) as { ok?: unknown; error?: { kind: ErrorKind; field: string; message: string } };
  if (parsed.error !== undefined) {
    const { kind, field, message } = parsed.error;
    throw errorOf(kind, rename(field), rename(message));
  }
  return parsed.ok;
}
