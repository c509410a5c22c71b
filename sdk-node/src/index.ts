/**
 * Faultwire: an error tracker. `init({ dsn })` once, and failures are captured.
 *
 *     what happens            who sees it                                what it becomes
 *     uncaught error      ->  hooks/                                     \
 *     failing request     ->  integrations/                               >  capture.ts  ->  event
 *     your own call       ->  captureException, captureMessage, ...      /
 *     context             ->  scope.ts: setTag, setUser, withScope, withIsolationScope, addBreadcrumb
 *
 * `extract/` looks at what was thrown; the engine (`native.ts`) decides, and sends from another thread. Where it
 * cannot load, `noop.ts` stands in.
 */

export { captureEvent, captureException, captureMessage, explain } from './capture';
export { close, flush, init, isEnabled, stats } from './client';
export {
  FaultwireError,
  InternalError,
  InvalidDsnError,
  InvalidOptionError,
  InvalidPayloadError,
} from './errors';
export {
  captureRequestError,
  setupExpressErrorHandler,
  setupFastifyErrorHandler,
  setupHapiErrorHandler,
  setupKoaErrorHandler,
  setupNestErrorHandler,
} from './integrations/setup';
export { VERSION } from './native';
export {
  Scope,
  addBreadcrumb,
  clearBreadcrumbs,
  continueTrace,
  globalScope,
  isolationScope,
  lastEventId,
  removeTag,
  setContext,
  setExtra,
  setFingerprint,
  setLevel,
  setSession,
  setTag,
  setTags,
  setTransaction,
  setUser,
  withIsolationScope,
  withScope,
} from './scope';

export type { BeforeBreadcrumb, BeforeSend, ErrorSampler, Event, EventHint, SamplingHint } from './callbacks';
export type { CaptureContext, MessageContext } from './capture';
export type { Stats } from './client';
export type { ErrorKind } from './errors';
export type { Options } from './options';
export type { Breadcrumb, Level, User } from './scope';
