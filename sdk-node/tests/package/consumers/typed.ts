// What an application writes. The errors that are expected count too: were the package untyped, there would be none.

import {
  type Breadcrumb,
  type CaptureContext,
  type Event,
  type Options,
  FaultwireError,
  InvalidOptionError,
  type Scope,
  captureException,
  close,
  init,
  setTag,
  setUser,
  stats,
  withIsolationScope,
  withScope,
} from 'faultwire';
import { captureEvents } from 'faultwire/testing';

const options: Options = {
  release: 'ts@1',
  sampleRate: 1,
  beforeSend: (event: Event) => ({ ...event, dist: 'typed' }),
  beforeBreadcrumb: (breadcrumb: Breadcrumb) => (breadcrumb.category === 'noise' ? null : breadcrumb),
};

export function handle(number: number): string | undefined {
  return withIsolationScope(() => {
    setUser({ id: number });
    setTag('consumer', 'ts');
    return withScope((scope: Scope) => {
      scope.setContext('job', { number });
      const context: CaptureContext = { tags: { kind: 'math' }, level: 'error' };
      return captureException(new TypeError('from ts'), context);
    });
  });
}

export async function aFailureIsReported(): Promise<number> {
  const captured = captureEvents();
  handle(0);
  const events: Event[] = await captured.events();
  captured.restore();
  return events.length;
}

export function wrong(): void {
  // @ts-expect-error: a text
  init({ dsn: 1 });
  // @ts-expect-error: no such option
  init({ noSuchOption: true });
  // @ts-expect-error: no such level
  captureException(new Error('x'), { level: 'catastrophic' });
  // @ts-expect-error: not a number
  const id: number = handle(1);
  void id;
}

async function main(): Promise<void> {
  try {
    init({ ...options, sampleRate: 2 });
  } catch (error) {
    const isOurs: boolean =
      error instanceof FaultwireError && error instanceof InvalidOptionError && error.field === 'sampleRate';
    if (!isOurs) {
      throw error;
    }
  }
  init(options);
  const id = handle(1);
  const delivered: boolean = await close(10_000);
  const counted: number = stats().delivered;
  print(JSON.stringify({ id, shared: counted === 1, delivered }));
}

/** The one thing that is taken from Node: its types are not needed for ours. */
declare const console: { log(line: string): void };
const print = (line: string): void => console.log(line);

void main();
