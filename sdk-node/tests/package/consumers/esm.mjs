import { captureException, close, init, setTag } from 'faultwire';
import * as faultwire from 'faultwire';
import { createRequire } from 'node:module';

init({ release: 'esm@1' });
setTag('consumer', 'esm');
const id = captureException(new TypeError('from esm'));
// The same client and scopes by the other way in.
const cjs = createRequire(import.meta.url)('faultwire');
const shared = cjs.lastEventId() === id && cjs.captureException === faultwire.captureException;
console.log(JSON.stringify({ id, shared, delivered: await close(10_000) }));
