// Compresses what was built, once and as well as can be: the server sends these bytes as they are. `index.html` stays as
// it is: the server writes its own address into it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url).pathname;

for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !/\.(js|css|svg|json)$/.test(entry.name)) continue;
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
  rmSync(path);
}
