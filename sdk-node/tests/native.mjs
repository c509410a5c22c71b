// What lies inside the package: the addon's own functions, in the instance that the package uses, among it.

import { createRequire } from 'node:module';

const package_ = createRequire(import.meta.url)('../dist/index.js');

export const entries = package_[Symbol.for('faultwire.entries')];
export const native = entries.native();
