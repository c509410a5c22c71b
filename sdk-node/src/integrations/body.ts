/**
 * Keeps the beginning of a request's body while the application reads it, and shows it when asked.
 *
 * Nothing is read here: what the application did not read was not part of the failure either.
 */

import { LOOK_AHEAD } from '../extract/text';

/** Media types whose bodies are text. Of others there is nothing to read in a report. */
const TEXT = /^\s*(?:application\/(?:json|x-www-form-urlencoded|xml|graphql)|text\/|[^;]*\+(?:json|xml))/i;
const MULTIPART = /^\s*multipart\/form-data/i;

/** Parts of a form that are looked at; no form that people fill in has more. */
const MAX_PARTS = 200;

/** True for media types whose bodies a report can show. */
export function isRecordable(contentType: string): boolean {
  return TEXT.test(contentType) || MULTIPART.test(contentType);
}

/** The first bytes of a body, as they were read: `limit`, and some more to filter by. */
export class BodyRecorder {
  private readonly chunks: Buffer[] = [];
  private room: number;

  constructor(
    limit: number,
    private readonly contentType: string,
  ) {
    this.room = limit + LOOK_AHEAD;
  }

  /** Takes what the application just got: bytes, or text where it had asked for that. */
  add(chunk: unknown): void {
    if (this.room <= 0 || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) {
      return;
    }
    // A copy: a small piece would keep alive the whole of what came off the wire with it.
    const kept =
      typeof chunk === 'string' ? Buffer.from(chunk.slice(0, this.room)) : Buffer.from(chunk.subarray(0, this.room));
    this.room -= kept.length;
    this.chunks.push(kept);
  }

  /** The body so far as a text, a form in parts as a map; undefined when nothing was read. */
  data(): unknown {
    if (this.chunks.length === 0) {
      return undefined;
    }
    const body = Buffer.concat(this.chunks);
    return MULTIPART.test(this.contentType) ? formFields(body, this.contentType) : body.toString('utf8');
  }
}

/**
 * Names and values of a multipart form, files as their size; undefined where it is no such form.
 *
 * The fields are told apart here because filtering goes by their names, which a raw body hides from it. The last part
 * may be cut.
 */
export function formFields(body: Buffer, contentType: string): Record<string, unknown> | undefined {
  const boundary = parameter(contentType, 'boundary');
  if (boundary === '') {
    return undefined;
  }
  // One byte a character: sizes and boundaries stay what they are.
  const parts = body.toString('latin1').split(`--${boundary}`, MAX_PARTS).slice(1);
  const fields = new Map<string, unknown>();
  for (const part of parts) {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const disposition = utf8(head.split('\r\n').find((line) => /^content-disposition/i.test(line)) ?? '');
    const name = parameter(disposition, 'name');
    if (rest.length === 0 || name === '') {
      continue;
    }
    const content = rest.join('\r\n\r\n').replace(/\r\n$/, '');
    const value = /filename/i.test(disposition) ? `<file of ${content.length} bytes>` : utf8(content);
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? value : Array.isArray(earlier) ? [...earlier, value] : [earlier, value]);
  }
  return Object.fromEntries(fields);
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** The value of `name=...` among a header's parameters, without quotes; empty when absent. */
function parameter(header: string, name: string): string {
  for (const piece of header.split(';').slice(1)) {
    const [key = '', ...value] = piece.split('=');
    if (key.trim().toLowerCase() === name) {
      return value.join('=').trim().replace(/^"|"$/g, '');
    }
  }
  return '';
}
