// Puts the built addon where the package looks for a developer's own build: `faultwire.<target>.node` beside `dist/`.
// An argument names another file than the one that `make node` builds.

import { copyFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, '..', 'target');
const file = { linux: 'libfaultwire_napi.so', darwin: 'libfaultwire_napi.dylib', win32: 'faultwire_napi.dll' };
const suffix = { linux: isMusl() ? '-musl' : '-gnu', darwin: '', win32: '-msvc' };

const built = process.argv[2] ?? join(target, 'node', file[process.platform]);
const addon = join(root, `faultwire.${process.platform}-${process.arch}${suffix[process.platform]}.node`);
// A process that has the old one loaded keeps it.
copyFileSync(built, `${addon}.new`);
renameSync(`${addon}.new`, addon);

function isMusl() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
}
