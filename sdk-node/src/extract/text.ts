/** Texts of the application, bounded. */

/** Characters kept beyond every limit, so that no secret is cut into something that no rule knows. */
export const LOOK_AHEAD = 4096;
/** Characters kept of a message: the wire's limit and the look-ahead. */
export const MAX_MESSAGE = 8192 + LOOK_AHEAD;
/** Characters kept of a name. */
export const MAX_NAME = 256;

const BETWEEN_VALUES = '"\'`,;&|<>()[]{}';

/**
 * At most `limit` characters of `text`. Where it was cut, the piece of a word that the cut left goes, too:
 * filtering shortens what stands before it, and no rule knows the beginning of a token.
 */
export function cut(text: string, limit: number, lookAhead = LOOK_AHEAD): string {
  if (text.length <= limit) {
    return text;
  }
  let end = limit;
  while (end > 0 && !isSpace(text.charCodeAt(end - 1))) {
    end--;
  }
  // Groups of digits are one number: of a card, say.
  while (end > 0 && isPartOfNumber(text.charCodeAt(end - 1))) {
    end--;
  }
  const longest = Math.max(limit - lookAhead, 0);
  return text.slice(0, end >= longest ? end : lastValue(text, longest, limit));
}

/** No word is that long: of JSON without spaces, say, only the last value goes. */
function lastValue(text: string, longest: number, limit: number): number {
  let end = limit;
  while (end > longest && !BETWEEN_VALUES.includes(text.charAt(end - 1))) {
    end--;
  }
  return end;
}

/** White space as Unicode has it. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || (code >= 0x85 && isWiderSpace(code));
}

function isWiderSpace(code: number): boolean {
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

function isPartOfNumber(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 45 || isSpace(code);
}

/** A text in JSON, without lone surrogates: they are no text in UTF-8. */
export function quote(text: string): string {
  return JSON.stringify(text.isWellFormed() ? text : text.toWellFormed());
}
