/** The options in force that the package itself needs: of the process's client, whoever made it. */

import { native } from './native';

export interface Settings {
  attachStacktrace: boolean;
  debug: boolean;
  maxBreadcrumbs: number;
  /** Bytes of a request's body that are kept; 0 for none. */
  maxRequestBodyBytes: number;
  maxValueLength: number;
  sendDefaultPii: boolean;
  /** Milliseconds. */
  shutdownTimeout: number;
  /** The client was made with a `beforeBreadcrumb`. */
  hasBeforeBreadcrumb: boolean;
}

const NONE: Settings = {
  attachStacktrace: false,
  debug: false,
  maxBreadcrumbs: 100,
  maxRequestBodyBytes: 0,
  maxValueLength: 1024,
  sendDefaultPii: false,
  shutdownTimeout: 2000,
  hasBeforeBreadcrumb: false,
};

let known = NONE;
let knownGeneration = 0;

/** The settings of the client in use. `generation`, if the caller has just asked for it, saves asking again. */
export function settings(generation: number = native.generation()): Settings {
  if (generation !== knownGeneration) {
    const text = native.settings();
    known = text === null ? NONE : (JSON.parse(text) as Settings);
    knownGeneration = generation;
  }
  return known;
}
