// Lays out what is published, from `dist/` and built addons:
//
//     node scripts/stage.mjs OUT faultwire.linux-x64-gnu.node ...
//
// makes OUT/faultwire, the package itself, and OUT/<target> for each addon. The package depends on the binary of every
// platform, in the same version; npm installs the one that fits. That is written here and not in package.json, since
// a checkout has nothing to install them from.

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PLATFORMS } from './platforms.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version } = manifest;

/** The name of a platform's package. */
export const packageOf = (platform) => `@faultwire/${platform.target}`;

/** What package.json of the published package says. */
export function mainManifest() {
  const { private: _, scripts: _scripts, devDependencies: _tools, ...rest } = manifest;
  return {
    ...rest,
    typesVersions: { '*': typesVersions() },
    optionalDependencies: Object.fromEntries(PLATFORMS.map((platform) => [packageOf(platform), version])),
  };
}

/** What package.json of a platform's package says. */
export function platformManifest(platform) {
  const { license, repository, engines } = manifest;
  return {
    name: packageOf(platform),
    version,
    description: `The native library of faultwire for ${platform.target}. Install faultwire, not this.`,
    license,
    repository,
    engines,
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.libc === undefined ? {} : { libc: [platform.libc] }),
    type: 'commonjs',
    main: './faultwire.node',
    files: ['faultwire.node'],
    publishConfig: { access: 'public' },
  };
}

/** For TypeScript that resolves as Node 10 did and does not read `exports`. */
function typesVersions() {
  const rows = Object.entries(manifest.exports).filter(([name, row]) => name !== '.' && row.require !== undefined);
  return Object.fromEntries(rows.map(([name, row]) => [name.replace('./', ''), [row.require.types]]));
}

/** Throws unless the version is the same everywhere that it is written. */
function checkVersions() {
  const written = {
    'Cargo.toml': /^\[workspace\.package\]\nversion = "([^"]+)"/m,
    'sdk-node/src/native.ts': /^export const VERSION = '([^']+)'/m,
  };
  for (const [file, pattern] of Object.entries(written)) {
    const found = pattern.exec(readFileSync(join(root, '..', file), 'utf8'))?.[1];
    if (found !== version) {
      throw new Error(`package.json is version ${version}, ${file} ${found}`);
    }
  }
}

function write(folder, packageJson, readme) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageJson, null, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), readme);
  cpSync(join(root, '..', 'LICENSE'), join(folder, 'LICENSE'));
}

/** Writes the folders; gives those of the platforms. */
export function stage(out, addons) {
  checkVersions();
  if (!existsSync(join(root, 'dist', 'index.js'))) {
    throw new Error('dist/ is not built: `node scripts/build.mjs`');
  }
  const main = join(out, 'faultwire');
  write(main, mainManifest(), readFileSync(join(root, 'README.md'), 'utf8'));
  cpSync(join(root, 'dist'), join(main, 'dist'), { recursive: true });
  return addons.map((addon) => {
    const platform = PLATFORMS.find(({ target }) => basename(addon) === `faultwire.${target}.node`);
    if (platform === undefined) {
      throw new Error(`${addon} is not named faultwire.<target>.node`);
    }
    const folder = join(out, platform.target);
    const packageJson = platformManifest(platform);
    write(folder, packageJson, `# ${packageJson.name}\n\n${packageJson.description}\n`);
    cpSync(addon, join(folder, 'faultwire.node'));
    return folder;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, ...addons] = process.argv.slice(2);
  if (out === undefined || addons.length === 0) {
    console.error('usage: node scripts/stage.mjs OUT ADDON...');
    process.exit(2);
  }
  stage(out, addons);
}
