/**
 * Which thread this is.
 *
 * `node:worker_threads` knows, but loading it takes 2 MB and 2 ms of the main thread, which most often has no other use
 * for it. In a worker it is loaded anyway, and what a worker must not do is marked.
 */

const { disabled } = process.abort as { disabled?: boolean };

/** False in a worker thread. */
export const isMainThread = disabled !== true;

/** Node's number of the thread; 0 for the main thread. */
export const threadId = isMainThread ? 0 : (require('node:worker_threads') as { threadId: number }).threadId;
