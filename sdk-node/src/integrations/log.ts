/** A line of a log: from `logEventLevel` on an event, from `logBreadcrumbLevel` on a breadcrumb. */

import { captureException, captureMessage } from '../capture';
import { isError, isObject, ownData } from '../extract/safe';
import { MAX_MESSAGE } from '../extract/text';
import { toText } from '../extract/values';
import { inside, quietly } from '../guard';
import { native } from '../native';
import { type Level, addBreadcrumb } from '../scope';
import { becomes } from './levels';

/** Members of a line that are looked at. */
const MAX_MEMBERS = 64;

export interface Line {
  readonly level: Level;
  /** The logger's name; the category of the breadcrumb. */
  readonly logger: string;
  readonly message: unknown;
  /** What the event is about, if there is one. */
  readonly error: unknown;
  /** What was logged besides; asked for an event only. */
  readonly extra: () => Record<string, unknown>;
  readonly mechanism: string;
}

/** True where a line of this level is of use, which is soon said. */
export function matters(level: Level): boolean {
  // What is logged by a hook of the application while it looks at an event would come back as one.
  return inside.depth === 0 && (becomes('breadcrumb', level) || becomes('event', level)) && native.generation() !== 0;
}

/** Takes a line that matters. Never throws. */
export function take(line: Line): void {
  quietly(line.mechanism, () => {
    const { level, logger } = line;
    if (becomes('event', level)) {
      event(line);
    }
    // After the event, which shall not have itself among its breadcrumbs.
    if (becomes('breadcrumb', level)) {
      addBreadcrumb({ message: toText(line.message, MAX_MESSAGE), category: logger, level });
    }
  });
}

function event({ level, logger, message, error, mechanism, ...line }: Line): void {
  const extra = line.extra();
  if (!isError(error)) {
    captureMessage(message, { level, logger, extra });
    return;
  }
  if (message !== undefined && message !== null && message !== ownData(error, 'message')) {
    extra['log_message'] = message;
  }
  captureException(error, { level, logger, extra, mechanism });
}

/** The name under which an error is among what was logged. */
export function errorKeyOf(logged: unknown): string | undefined {
  if (!isObject(logged)) {
    return undefined;
  }
  return Object.keys(logged)
    .slice(0, MAX_MEMBERS)
    .find((key) => isError(ownData(logged, key)));
}
