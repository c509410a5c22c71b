/** Where in the stream this tab is: what lets it take each entry once, from whichever tab or connection it comes. */

import { isKnown, type Message, reset } from './messages';

export class Place {
  /** The id of the last entry that was taken. None before the first. */
  last: string | undefined;

  constructor(private readonly take: (messages: Message[]) => void) {}

  /** Takes those entries that it does not have. */
  receive(messages: Message[]): void {
    const fresh = messages.filter(({ name, id }) => {
      // A greeting is of the connection: its id is where that begins, which may lie behind what is here.
      if (name === 'hello') {
        this.last ??= id || undefined;
        return true;
      }
      if (name !== 'reset' && isKnown(id, this.last)) return false;
      if (id !== '') this.last = id;
      return true;
    });
    if (fresh.length > 0) this.take(fresh);
  }

  /** Another tab has taken everything up to `there`. What did not come here, as to a tab that was frozen, is lost. */
  expect(there: string | undefined): void {
    if (there === undefined || isKnown(there, this.last)) return;
    // Who has just come has asked for everything just now.
    const isNew = this.last === undefined;
    this.last = there;
    if (!isNew) this.take([reset(there)]);
  }
}
