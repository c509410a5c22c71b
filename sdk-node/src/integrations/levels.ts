/** From which level lines of a log count: set by `init`, asked by what listens to loggers. */

import type { Level } from '../scope';

/** A level, or none at all. */
export type LogLevel = Level | 'never';

const RANKS: Record<LogLevel, number> = { debug: 10, info: 20, warning: 30, error: 40, fatal: 50, never: Infinity };

export const LOG_LEVELS = Object.keys(RANKS) as readonly LogLevel[];

export interface Thresholds {
  event: LogLevel;
  breadcrumb: LogLevel;
}

export const thresholds: Thresholds = { event: 'error', breadcrumb: 'info' };

/** True where a line of this level becomes one. */
export function becomes(what: keyof Thresholds, level: Level): boolean {
  return RANKS[level] >= RANKS[thresholds[what]];
}
