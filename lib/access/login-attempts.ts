/**
 * How often the admin token may be guessed, at the login and as a bearer token alike. After the n-th wrong try in a row
 * an address waits
 *
 *   0                                                   for n < FREE_TRIES
 *   min(FIRST_WAIT_MS · 2^(n − FREE_TRIES), LOCK_MS)    from then on
 *
 * and what it sends meanwhile is not looked at, be it right. A right login begins anew. Many addresses together have
 * MAX_WRONG tries in WINDOW_MS; beyond, only those wait that have never given the right token. No address is exempt.
 */
export const FREE_TRIES = 5;
const FIRST_WAIT_MS = 1_000;
export const LOCK_MS = 15 * 60_000;
/** Wrong tries are forgotten so long after the wait that they brought. */
const FORGET_MS = 60 * 60_000;
const WINDOW_MS = 10 * 60_000;
export const MAX_WRONG = 200;
/** The one that was wrong longest ago goes first. */
export const MAX_ADDRESSES = 10_000;
const MAX_KNOWN = 1_000;
const EVENT_MS = 60_000;
/** Of all addresses together. */
export const MAX_EVENTS = 20;

/** What an operator is told: at most once a minute of each kind for an address. Never what was tried. */
export interface LoginEvent {
  readonly type: 'login_refused' | 'login_locked';
  readonly detail: {
    readonly address: string;
    /** Wrong tries in a row. */
    readonly tries: number;
    readonly wait_s: number;
    /** Events that were left out since the last one, of this address and of others. */
    readonly left_out: number;
  };
}

export interface LoginAttemptsParts {
  monotonicMs: () => number;
  onEvent: (event: LoginEvent) => void;
}

interface Address {
  tries: number;
  waitsUntilMs: number;
  readonly toldMs: Record<LoginEvent['type'], number>;
}

export class LoginAttempts {
  readonly #parts: LoginAttemptsParts;
  /** Those that were wrong, the last one last. */
  readonly #wrong = new Map<string, Address>();
  /** Those that were right, the last one last. */
  readonly #known = new Set<string>();
  readonly #tries: Window;
  readonly #events: Window;
  #leftOut = 0;

  constructor(parts: LoginAttemptsParts) {
    this.#parts = parts;
    this.#tries = new Window(WINDOW_MS, MAX_WRONG);
    this.#events = new Window(EVENT_MS, MAX_EVENTS);
  }

  get size(): number {
    return this.#wrong.size;
  }

  /** Milliseconds until a try of this address is looked at; 0 when it may try now. */
  waitMs(address: string): number {
    const nowMs = this.#parts.monotonicMs();
    const ownMs = (this.#wrong.get(address)?.waitsUntilMs ?? 0) - nowMs;
    if (ownMs > 0) return ownMs;
    return this.#known.has(address) ? 0 : this.#tries.waitMs(nowMs);
  }

  /** A wrong token was tried. */
  failed(address: string): void {
    const nowMs = this.#parts.monotonicMs();
    this.#tries.add(nowMs);
    let entry = this.#wrong.get(address);
    this.#wrong.delete(address);
    if (entry === undefined || entry.waitsUntilMs + FORGET_MS < nowMs)
      entry = {
        tries: 0,
        waitsUntilMs: nowMs,
        toldMs: { login_refused: -EVENT_MS, login_locked: -EVENT_MS },
      };
    entry.tries += 1;
    const waitMs = waitAfter(entry.tries);
    entry.waitsUntilMs = nowMs + waitMs;
    this.#wrong.set(address, entry);
    forgetFirst(this.#wrong, MAX_ADDRESSES);
    this.#tell(address, entry, waitMs, nowMs);
  }

  /** The right token was given at the login. */
  loggedIn(address: string): void {
    this.#wrong.delete(address);
    this.proved(address);
  }

  /** The right token came with a request. It takes back no wrong tries: a guesser may share the address. */
  proved(address: string): void {
    this.#known.delete(address);
    this.#known.add(address);
    forgetFirst(this.#known, MAX_KNOWN);
  }

  #tell(address: string, { tries, toldMs }: Address, waitMs: number, nowMs: number): void {
    const type = waitMs > 0 ? 'login_locked' : 'login_refused';
    if (toldMs[type] + EVENT_MS > nowMs || this.#events.waitMs(nowMs) > 0) {
      this.#leftOut += 1;
      return;
    }
    toldMs[type] = nowMs;
    this.#events.add(nowMs);
    const detail = { address, tries, wait_s: Math.ceil(waitMs / 1_000), left_out: this.#leftOut };
    this.#leftOut = 0;
    this.#parts.onEvent({ type, detail });
  }
}

function waitAfter(tries: number): number {
  return tries < FREE_TRIES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (tries - FREE_TRIES), LOCK_MS);
}

/** So many in one window of time, and then none until its end. */
class Window {
  readonly #lengthMs: number;
  readonly #most: number;
  #endsMs = 0;
  #count = 0;

  constructor(lengthMs: number, most: number) {
    this.#lengthMs = lengthMs;
    this.#most = most;
  }

  waitMs(nowMs: number): number {
    return nowMs < this.#endsMs && this.#count >= this.#most ? this.#endsMs - nowMs : 0;
  }

  add(nowMs: number): void {
    if (nowMs >= this.#endsMs) {
      this.#endsMs = nowMs + this.#lengthMs;
      this.#count = 0;
    }
    this.#count += 1;
  }
}

function forgetFirst(all: Map<string, unknown> | Set<string>, most: number): void {
  if (all.size <= most) return;
  const [first] = all.keys();
  if (first !== undefined) all.delete(first);
}
