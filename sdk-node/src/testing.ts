/**
 * For your tests: a client that keeps its events instead of sending them.
 *
 *     const captured = captureEvents();
 *     try {
 *       runTheCode();
 *       const [event] = await captured.events();
 *       assert.equal(event.exception.values.at(-1).type, 'TypeError');
 *     } finally {
 *       captured.restore();
 *     }
 */

import type { Event } from './callbacks';
import * as client from './client';
import { native } from './native';
import type { Options } from './options';
import { type Layers, Scope, replaceOutside } from './scope';

export type { Event } from './callbacks';

/** Goes nowhere: with the keeping transport nothing is sent. The name is reserved for such uses. */
const DSN = 'https://key@faultwire.invalid/1';
/** Milliseconds that a look at the events waits for the engine to finish what was captured. */
const FLUSH_TIMEOUT = 10_000;

/** `[header, [[item header, payload], ...]]`. */
export type Envelope = [header: Record<string, unknown>, items: [header: Record<string, unknown>, payload: string][]];

/** What was captured, decoded. Each look waits until the engine has finished what came before it. */
export class CapturedEvents {
  private readonly taken: Envelope[] = [];
  private readonly scopes: Layers;

  /** @internal */
  constructor(private readonly before: Options | undefined) {
    this.scopes = replaceOutside({ isolation: new Scope(), current: undefined });
  }

  /** All envelopes, oldest first. */
  async envelopes(): Promise<readonly Envelope[]> {
    await native.flush(FLUSH_TIMEOUT);
    this.taken.push(...(JSON.parse(native.takenEnvelopes()) as Envelope[]));
    return this.taken;
  }

  /** All events as they would go over the wire, oldest first. */
  async events(): Promise<Event[]> {
    const envelopes = await this.envelopes();
    const items = envelopes.flatMap(([, items]) => items);
    return items.filter(([header]) => header['type'] === 'event').map(([, payload]) => JSON.parse(payload) as Event);
  }

  /** Forgets what was captured so far. */
  async clear(): Promise<void> {
    await this.envelopes();
    this.taken.length = 0;
  }

  /** Puts back the client and the scopes that were there before. */
  restore(): void {
    replaceOutside(this.scopes);
    native.abandonClient();
    client.restore(this.before);
  }
}

/**
 * Has events kept instead of sent from now on, with these options of `init`, starting with empty scopes. Hooks and integrations stay switched on
 * after `restore` only where an earlier `init` had switched them on. Throws what `init` throws.
 */
export function captureEvents(options: Options = {}): CapturedEvents {
  const before = client.isEnabled() ? client.currentOptions() : undefined;
  client.start({ dsn: DSN, ...options }, true);
  return new CapturedEvents(before);
}
