/** The stack of an error as text, whatever the application has made of it. */

import { get, isList } from './safe';

/** Characters of a stack: room for as many frames as anybody reads. */
const MAX_STACK = 256 << 10;
/** Frames taken from a stack that is a list. */
const MAX_SITES = 256;
const MAX_SITE = 2048;

/**
 * The stack of `error`, read once and as it is: an application's `Error.prepareStackTrace` and source maps have
 * had their say. Empty where there is none. `message`: the whole message, which the text may begin with.
 */
export function stackOf(error: object, message: string): string {
  const stack = get(error, 'stack');
  if (typeof stack === 'string') {
    return stack.length <= MAX_STACK ? stack : afterMessage(stack, message);
  }
  // `prepareStackTrace` may give the call sites themselves.
  return isList(stack) ? ofSites(stack) : '';
}

/** A long message stands at the beginning of the stack: what comes after it is what matters. */
function afterMessage(stack: string, message: string): string {
  // The message stands behind the error's name.
  const header = stack.slice(0, 1024).indexOf(message.slice(0, 256));
  const behind = message.length > 256 && header >= 0 ? header + message.length : 0;
  const places = stack.indexOf('\n', behind);
  return stack.slice(Math.max(places, 0), Math.max(places, 0) + MAX_STACK);
}

function ofSites(sites: readonly unknown[]): string {
  let text = '';
  for (const site of sites.slice(0, MAX_SITES)) {
    try {
      text += `    at ${String(site).slice(0, MAX_SITE)}\n`;
    } catch {
      // One that cannot be shown is left out.
    }
  }
  return text;
}

/** The stack of whoever called `callee`. */
export function callerStack(callee: (...parameters: never[]) => unknown): string {
  const holder = {};
  Error.captureStackTrace(holder, callee as () => unknown);
  return stackOf(holder, '');
}
