// What lies inside the package and is no entry of it: the addon, as the package itself has loaded it, for one.

import { createRequire } from 'node:module';

const package_ = createRequire(import.meta.url)('../dist/index.js');

export const entries = package_[Symbol.for('faultwire.entries')];
export const native = entries.native();
