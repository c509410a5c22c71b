// Puts the built addon where the package looks for a developer's own build: `faultwire.<target>.node` beside `dist/`.
// An argument names another file than the one that `make node` builds.

import { copyFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ownPlatform } from './platforms.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, '..', 'target');
const file = { linux: 'libfaultwire_napi.so', darwin: 'libfaultwire_napi.dylib', win32: 'faultwire_napi.dll' };

const built = process.argv[2] ?? join(target, 'node', file[process.platform]);
const addon = join(root, `faultwire.${ownPlatform().target}.node`);
// A process that has the old one loaded keeps it.
copyFileSync(built, `${addon}.new`);
renameSync(`${addon}.new`, addon);
