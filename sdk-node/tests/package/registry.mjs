// A package registry on the loopback: what npm asks of it to install the packages that are staged here.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** Packs a folder as `npm publish` would; gives the path of the tarball. */
export function pack(folder, destination) {
  const told = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  const [{ filename }] = Object.values(JSON.parse(told));
  return join(destination, filename);
}

/** Serves package.json and tarball of each; a package without a tarball is known and cannot be downloaded. */
export class Registry {
  /** Paths that were asked for. */
  asked = [];

  static async start(packages) {
    const registry = new Registry();
    registry.packages = new Map(packages.map((each) => [each.manifest.name, each]));
    registry.server = createServer((request, response) => registry.answer(request, response));
    await new Promise((resolve) => registry.server.listen(0, '127.0.0.1', resolve));
    registry.url = `http://127.0.0.1:${registry.server.address().port}`;
    return registry;
  }

  answer(request, response) {
    const path = decodeURIComponent(request.url.slice(1));
    this.asked.push(path);
    const [name, isTarball] = path.endsWith('.tgz') ? [path.slice(0, -4), true] : [path, false];
    const known = this.packages.get(name);
    if (known === undefined || (isTarball && known.tarball === undefined)) {
      response.writeHead(404).end('{}');
    } else if (isTarball) {
      response.end(readFileSync(known.tarball));
    } else {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(this.packument(known)));
    }
  }

  packument({ manifest, tarball }) {
    const bytes = tarball !== undefined && existsSync(tarball) ? readFileSync(tarball) : Buffer.alloc(0);
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const dist = { tarball: `${this.url}/${manifest.name}.tgz`, integrity };
    const { name, version } = manifest;
    return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
