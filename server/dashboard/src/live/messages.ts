/** What the stream tells. Its form is described in `docs/server.md`. */

import type { Issue, IssueEvent } from '../api/schema';

/** Something happened to an issue. */
export interface Happened {
  project: number;
  issue: number;
  time: number;
  event: IssueEvent;
  who: string;
  detail: unknown;
  title: string | null;
  culprit: string | null;
}

/** A channel is told. */
export interface Alerted {
  project: number;
  issue: number;
  time: number;
  event: string;
  channel: number;
  title: string;
}

/** The stream begins. */
export interface Hello {
  build: string;
  version: string;
  now: number;
}

/** One entry of the stream. */
export type Message =
  | { name: 'hello'; id: string; data: Hello }
  | { name: 'issue'; id: string; data: Issue }
  | { name: 'event'; id: string; data: Happened }
  | { name: 'alert'; id: string; data: Alerted }
  | { name: 'reset'; id: string; data: Record<string, never> };

const NAMES = new Set(['hello', 'issue', 'event', 'alert', 'reset']);

/** Reads an entry. Of names that a later server may add, none. */
export function parse(name: string | undefined, id: string | undefined, data: string): Message | undefined {
  if (name === undefined || !NAMES.has(name)) return undefined;
  return { name, id: id ?? '', data: JSON.parse(data) } as Message;
}

/** Everything that was asked for has to be asked for again. `id` is where the stream goes on. */
export function reset(id: string): Message {
  return { name: 'reset', id, data: {} };
}

/** An id is `<era>.<number>`: numbers of one start of the server count up, those of another mean nothing. */
function split(id: string): [era: string, number: number] {
  const dot = id.lastIndexOf('.');
  return [id.slice(0, dot), Number(id.slice(dot + 1))];
}

/** Whether an entry that has this id was there before who is at `place`. */
export function isKnown(id: string, place: string | undefined): boolean {
  if (place === undefined || id === '') return false;
  const [era, number] = split(id);
  const [here, reached] = split(place);
  return era === here && number <= reached;
}
