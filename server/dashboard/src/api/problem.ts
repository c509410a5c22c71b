import type { Problem as Told } from './schema';

/** What went wrong with a request, in the server's words. */
export class Problem extends Error {
  override name = 'Problem';

  constructor(
    /** The status of the answer; 0 if there was none. */
    readonly status: number,
    /** Its name, for programs. */
    readonly reason: string,
    detail: string,
    /** Where someone else was first: what is now. */
    readonly current: unknown = undefined,
    /** What the server's log has of it stands under this. */
    readonly requestId: string | null = null,
  ) {
    super(detail);
  }

  static of(status: number, told: Partial<Told> | undefined): Problem {
    const detail = told?.detail ?? `The server answered ${status}.`;
    return new Problem(status, told?.reason ?? 'unknown', detail, told?.current, told?.request_id ?? null);
  }

  static unreachable(): Problem {
    return new Problem(0, 'unreachable', 'The server did not answer. Is it running, and are you online?');
  }

  /** Whether trying again can help. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** The same for whatever was thrown. */
export function problem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, 'page', error instanceof Error ? error.message : String(error));
}
