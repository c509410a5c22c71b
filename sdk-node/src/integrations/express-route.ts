/**
 * The route of a request in Express 4 and 5, as the application wrote it, with the prefixes of mounted routers.
 *
 * Express keeps the route on the request, but nowhere the way to it. So the way is looked for, from the application
 * down to that very route: only an event needs it.
 */

import { isList, isObject, ownData } from '../extract/safe';
import { quietly } from '../guard';

/** Routers inside routers that are looked into; a cycle ends here, too. */
const MAX_DEPTH = 8;

interface Layer {
  readonly route?: unknown;
  readonly handle?: { readonly stack?: unknown };
  /** Router 2.3: what the application wrote. */
  readonly rawPath?: unknown;
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
  /** Express 5. */
  readonly slash?: boolean;
  readonly matchers?: readonly ((path: string) => { path: string; params: Record<string, unknown> } | false)[];
}

interface Application {
  /** Express 5; in version 4 it is there to throw. */
  readonly router?: { readonly stack?: unknown };
  /** Express 4. */
  readonly _router?: { readonly stack?: unknown };
  path?(): unknown;
}

/** The path of the route that Express found; undefined where there is none. */
export function expressRoute(request: object): string | undefined {
  const route = ownData(request, 'route');
  if (!isObject(route)) {
    return undefined;
  }
  const written = ownData(route, 'path');
  if (typeof written !== 'string' && !(written instanceof RegExp) && !isList(written)) {
    return undefined;
  }
  const { app, baseUrl, originalUrl } = request as Record<string, unknown>;
  const mounted = quietly('express', () => {
    const application = app as Application;
    const above = application.path?.();
    const prefix = typeof above === 'string' ? above : '';
    // An application that is mounted sees what is left of the path; a literal of the same length will do.
    const path = String(originalUrl ?? '').replace(/\?.*$/s, '');
    const rest = path.split('/').slice(prefix.split('/').length).join('/');
    const stack = (application._router ?? application.router)?.stack;
    const way = wayTo(route, stack, `/${rest}`, 0);
    return way === undefined ? undefined : prefix + way;
  });
  const prefix = mounted ?? (typeof baseUrl === 'string' ? baseUrl : '');
  const path = String(written);
  return path === '/' && prefix !== '' ? prefix : prefix + path;
}

/** The prefix under which the routers of `stack` hold `route`. */
function wayTo(route: object, stack: unknown, path: string, depth: number): string | undefined {
  if (!isList(stack) || depth > MAX_DEPTH) {
    return undefined;
  }
  for (const layer of stack as Layer[]) {
    if (layer.route === route) {
      return '';
    }
    const below = layer.handle?.stack;
    if (layer.route !== undefined || !isList(below)) {
      continue;
    }
    const mount = mountOf(layer, path);
    if (mount === undefined) {
      continue;
    }
    const way = wayTo(route, below, path.slice(mount.literal.length) || '/', depth + 1);
    if (way !== undefined) {
      return mount.written + way;
    }
  }
  return undefined;
}

/** What a router's mount path takes off `path`, and how the application wrote it; undefined where it does not match. */
function mountOf(layer: Layer, path: string): { literal: string; written: string } | undefined {
  if (layer.slash === true || layer.regexp?.fast_slash === true) {
    return { literal: '', written: '' };
  }
  const params = new Map<string, string>();
  let literal: string | undefined;
  if (layer.regexp !== undefined) {
    const [all, ...values] = layer.regexp.exec(path) ?? [];
    literal = all;
    values.forEach((value, at) => params.set(value, String(layer.keys?.[at]?.name ?? at)));
  } else {
    const match = layer.matchers?.map((matches) => matches(path)).find((found) => found !== false);
    literal = match ? match.path : undefined;
    for (const [name, value] of Object.entries(match ? match.params : {})) {
      params.set(String(value), name);
    }
  }
  if (literal === undefined) {
    return undefined;
  }
  literal = literal.replace(/\/$/, '');
  if (typeof layer.rawPath === 'string') {
    return { literal, written: layer.rawPath.replace(/\/$/, '') };
  }
  // Neither version kept what the application wrote: names in the places of their values come close.
  const segments = literal.split('/').map((segment) => {
    const name = params.get(segment) ?? params.get(decoded(segment));
    return name === undefined ? segment : `:${name}`;
  });
  return { literal, written: segments.join('/') };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
