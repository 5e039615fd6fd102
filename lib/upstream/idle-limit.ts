/**
 * How long an idle connection is kept. Servers close theirs after a time that many do not tell (uvicorn 5 s, gunicorn
 * 2 s), and a request that is on its way then is lost. So each loss teaches:
 *
 *     limit = 0.8 × the idle time after which a connection was lost, for ten minutes
 *
 * A server that tells its time by a `keep-alive` header is heeded by undici itself.
 */

/** As long as common servers keep theirs (nginx 75 s). */
const UNTAUGHT_MS = 60_000;
const MARGIN = 0.8;
/** A connection that is lost sooner was not closed for being idle: no server's limit is shorter. */
const MIN_TAUGHT_MS = 1_000;
/** The loss may have been a restart, and the server's limit may have changed. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

export class IdleLimit {
  readonly #now: () => number;
  #taught: { readonly ms: number; readonly until: number } | null = null;

  /** @param now monotonic, ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  get ms(): number {
    if (this.#taught !== null && this.#now() >= this.#taught.until) this.#taught = null;
    return this.#taught?.ms ?? UNTAUGHT_MS;
  }

  /** A kept connection was found lost when it was used after so many idle ms. */
  lostAfter(idleMs: number): void {
    if (idleMs < MIN_TAUGHT_MS) return;
    this.#taught = { ms: Math.min(this.ms, MARGIN * idleMs), until: this.#now() + FORGOTTEN_AFTER_MS };
  }
}
