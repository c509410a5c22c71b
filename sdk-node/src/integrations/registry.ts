/** Everything that switches on by itself: name, and the module of ours that does it. Hooks before frameworks. */

import { note, say } from '../guard';
import { native } from '../native';

/** A module that connects to the platform or a framework. */
export interface Integration {
  /** Connects; called again only after `remove`. Throws `DidNotEnable` where that cannot be. */
  setupOnce(): void;
  /** Undoes that. */
  remove(): void;
}

/** Thrown by `setupOnce` where there is something to connect to that cannot be used, with the reason. */
export class DidNotEnable extends Error {}

interface Row {
  readonly name: string;
  readonly load: () => Integration;
  /** Delivery, not capture: on whatever is switched off. */
  readonly always?: true;
  /** It waits for a framework that may never come, and is named by the first event that it captures. */
  readonly waits?: true;
}

const ROWS: readonly Row[] = [
  { name: 'exit', load: () => require('../hooks/exit') as Integration, always: true },
  { name: 'uncaught', load: () => require('../hooks/uncaught') as Integration },
  { name: 'rejection', load: () => require('../hooks/rejection') as Integration },
  { name: 'http', load: () => require('./http') as Integration },
  { name: 'opentelemetry', load: () => require('./opentelemetry') as Integration },
  { name: 'express', load: () => require('./express') as Integration, waits: true },
  { name: 'fastify', load: () => require('./fastify') as Integration, waits: true },
  { name: 'console', load: () => require('./console') as Integration },
  { name: 'pino', load: () => require('./pino') as Integration },
];

/** The names of all. */
export const NAMES: readonly string[] = ROWS.map((row) => row.name);

const on = new Map<string, Integration>();

/** Brings what is switched on in line with the options of `init`. May be called again. */
export function enable(automatic: boolean, disabled: readonly string[]): void {
  for (const row of ROWS) {
    if (disabled.includes(row.name) || !(automatic || row.always === true)) {
      switchOff(row.name);
    } else {
      switchOn(row);
    }
  }
}

/** Switches everything off again. */
export function removeAll(): void {
  NAMES.forEach(switchOff);
}

/** The names of what is switched on now. */
export function enabled(): string[] {
  return [...on.keys()];
}

function switchOn(row: Row): void {
  try {
    if (!on.has(row.name)) {
      const integration = row.load();
      integration.setupOnce();
      on.set(row.name, integration);
    }
    if (row.waits !== true) {
      native.addIntegration(row.name);
    }
  } catch (error) {
    if (error instanceof DidNotEnable) {
      say(`integration ${row.name} is off: ${error.message}`);
    } else {
      note(`integration ${row.name}`, error);
    }
  }
}

function switchOff(name: string): void {
  const integration = on.get(name);
  on.delete(name);
  try {
    integration?.remove();
  } catch (error) {
    note(`integration ${name}`, error);
  }
}
