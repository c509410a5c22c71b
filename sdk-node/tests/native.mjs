// The addon's own functions, in the instance that the package uses.

import { createRequire } from 'node:module';

const package_ = createRequire(import.meta.url)('../dist/index.js');

export const native = package_[Symbol.for('faultwire.entries')].native();
