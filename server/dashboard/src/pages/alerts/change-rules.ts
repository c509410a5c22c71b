/**
 * Changes one rule. The API replaces all at once, so what others did to the rest is read again and kept; only a change of
 * the same rule by someone else is a matter for people.
 */

import { problem } from '../../api/problem';
import { queryClient } from '../../api/queries';
import type { Rule } from '../../api/schema';
import { type Field, placeOf } from './draft';
import { putRules, rules, type Tagged } from './queries';

/** Others may be at it as well; nobody is for so long. */
const ATTEMPTS = 5;

/** Someone else changed the same rule. */
export class Stale extends Error {
  override name = 'Stale';

  constructor(
    /** The rules as they are now. */
    readonly now: Tagged<Rule[]>,
    /** The rule as it is now; none if it is gone. */
    readonly rule: Rule | undefined,
  ) {
    super('someone else changed this rule meanwhile; look at what it says now');
  }
}

/** A field of the rule holds what the server does not take. */
export class WrongField extends Error {
  override name = 'WrongField';

  constructor(
    readonly field: Field,
    text: string,
  ) {
    super(text);
  }
}

export interface Change {
  /** What was read before. */
  known: Tagged<Rule[]>;
  /** The rule's name as it was read; none for one that is new. */
  name: string | undefined;
  /** What it is to be; none if it is to go. */
  to: Rule | undefined;
}

const named = (all: readonly Rule[], name: string | undefined) => all.find((rule) => rule.name === name);
const isSame = (one: Rule | undefined, other: Rule | undefined) => JSON.stringify(one) === JSON.stringify(other);

/** The list with the change, and where in it the rule stands. */
function changed(all: readonly Rule[], { name, to }: Change) {
  const place = name === undefined ? all.length : all.findIndex((rule) => rule.name === name);
  const at = place < 0 ? all.length : place;
  const next = [...all];
  next.splice(at, 1, ...(to ? [to] : []));
  return { next, at };
}

/** The server names rules by their place; people by their name. */
function sayWhere(error: unknown, next: readonly Rule[], at: number): unknown {
  const place = placeOf(problem(error).message);
  if (!place) return error;
  if (place.at === at) return new WrongField(place.field, place.text);
  return new Error(`The rule ${next[place.at]?.name ?? place.at}: ${place.text}`);
}

/** Changes it. Throws {@link Stale}, or the server's problem. */
export async function changeRule(project: number, change: Change): Promise<void> {
  const key = rules(project).queryKey;
  let { known } = change;
  for (let attempt = 1; ; attempt += 1) {
    const { next, at } = changed(known.value, change);
    try {
      queryClient.setQueryData(key, await putRules(project, { value: next, tag: known.tag }));
      return;
    } catch (error) {
      if (problem(error).status !== 412 || attempt === ATTEMPTS) throw sayWhere(error, next, at);
      const now = await queryClient.fetchQuery({ ...rules(project), staleTime: 0 });
      const rule = named(now.value, change.name);
      if (change.name !== undefined && !isSame(named(change.known.value, change.name), rule))
        throw new Stale(now, rule);
      known = now;
    }
  }
}
