/** Why something is not counted, in words. The names are those of `server/src/outcome.rs` and of the SDKs. */

interface Words {
  /** What it is. */
  text: string;
  /** What to do about it, where something can be done. */
  advice?: string;
}

const REASONS: Record<string, Words> = {
  invalid_key: { text: 'No key, or one that is not known', advice: 'Copy the DSN again.' },
  wrong_project: { text: "The key is another project's", advice: 'Copy the whole DSN, key and number together.' },
  revoked_key: { text: 'The key was revoked', advice: 'Put the DSN of another key into the program.' },
  forbidden_origin: {
    text: 'The page is not among those that may use the browser key',
    advice: 'Make a browser key with the address of the page.',
  },
  invalid_encoding: { text: 'The body does not decompress', advice: 'A proxy may change it on its way.' },
  invalid_envelope: { text: 'The body is no envelope', advice: 'A proxy may change it on its way.' },
  invalid_json: { text: 'The body is no JSON' },
  too_large: { text: 'Larger than allowed', advice: 'Send less beside the error: attachments, large contexts.' },
  too_many_items: { text: 'Too many items in one envelope' },
  timeout: { text: 'The body did not come in time', advice: 'The line between program and server is slow.' },
  quota: {
    text: "The project's quota of this hour is used up",
    advice: 'Wait for the next hour, or allow more under Settings, Data.',
  },
  address_quota: { text: 'One address sent too much with a browser key' },
  overloaded: { text: 'The server was behind; clients send it again' },
  disk_full: { text: "The server's disk refused; clients send it again", advice: "Make room on the server's disk." },
  duplicate: { text: 'Came twice, was counted once' },
  invalid_event: { text: 'JSON, and yet no event' },
  unsupported_item: { text: 'Of a kind that is not kept: attachments, transactions, replays' },
  forbidden_item: { text: 'Of a kind that browser keys may not send' },
  unattributed: { text: 'Counts of a fault of which no event came' },
  unknown_project: { text: 'There is no such project, or no more' },
  internal_error: { text: 'The server failed on it', advice: "The server's log says more." },
};

/** Why. Of reasons that clients tell, or that a later server may add, the name. */
export function reasonText(reason: string): string {
  return REASONS[reason]?.text ?? reason.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase());
}

/** What to do about it; nothing if nothing can be done. */
export function reasonAdvice(reason: string): string {
  return REASONS[reason]?.advice ?? '';
}
