/** The engine's interface where no addon loads: every call does nothing. */

import type { Native, ScopeCell } from './native';

class NoCell implements ScopeCell {
  setTag(): void {}
  removeTag(): void {}
  setUser(): void {}
  setSession(): void {}
  setContext(): void {}
  setExtra(): void {}
  setLevel(): void {}
  setTransaction(): void {}
  setFingerprint(): void {}
  continueTrace(): boolean {
    return false;
  }
  addBreadcrumb(): void {}
  clearBreadcrumbs(): void {}
  clear(): void {}
}

const EMPTY = '{"ok":{}}';

export const noop: Native = {
  version: () => '',
  ScopeCell: NoCell,
  globalCell: () => new NoCell(),
  traceOf: () => null,
  init: () => EMPTY,
  setThread: () => {},
  generation: () => 0,
  settings: () => null,
  addIntegration: () => {},
  internType: () => 0,
  typeRate: () => -1,
  sample: () => -3,
  asked: (_isolation, _current, _call, _surroundings, level) => ({ level }),
  saidPlace: () => '',
  admit: () => false,
  captureException: () => null,
  captureMessage: () => null,
  captureEvent: () => null,
  complete: () => false,
  abandon: () => {},
  refuse: () => {},
  explainException: () => EMPTY,
  explainEvent: () => EMPTY,
  // Nothing is ever delivered.
  flush: () => Promise.resolve(false),
  flushSync: () => false,
  close: () => Promise.resolve(false),
  stats: () => '{}',
  abandonClient: () => {},
  takenEnvelopes: () => '[]',
  vector: () => EMPTY,
  armPanic: () => false,
};
