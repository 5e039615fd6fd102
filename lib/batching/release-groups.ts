/**
 * No API merges chats, but a server that holds one model at a time loads another for each request that asks for it.
 * Here requests are released in groups by model, so that it loads once per group. While nothing is swapped, nothing
 * waits. Whether anything is, the loads tell: of models that should still have been there. What its server lets go of
 * after its keep-alive, or was told to let go of, is no swap.
 *
 * Fairness: a request is passed over by requests that came after it in at most one group, and once it has waited
 * `maxWaitMs`, or as long as a switch to its model and back takes if that is longer, the running group takes nobody in
 * any more: to switch sooner would cost more than it saves. A group that has run dry is held for two usual gaps between requests of
 * its model, within that same limit.
 */

export interface Turn {
  /** Leaves the queue; harmless once released. */
  cancel(): void;
}

interface Waiting {
  readonly model: string;
  readonly arrivedAt: number;
  readonly granted: () => void;
  /** The group in which others were let past; null when none was. */
  passedIn: number | null;
}

/** A load that takes less is no swap worth avoiding. */
const MIN_LOAD_MS = 50;
/** Share of its keep-alive within which a model that is loaded again was pushed out by another one. */
const SURELY_KEPT = 0.8;
/** Without any swap for so long, models are taken to fit beside each other again. */
const QUIET_MS = 60_000;
const MAX_MODELS = 200;
const NEVER = { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
const LOAD_FORGETTING = 0.98;
const GAP_SMOOTHING = 0.2;
const HELD_GAPS = 2;

export class ReleaseGroups {
  /** From then on a waiting request lets nobody past, or from when a switch there and back would have been over. */
  maxWaitMs: number;
  /** What the server keeps an idle model for by itself. */
  keepAliveMs: number;
  readonly #now: () => number;
  readonly #after: (ms: number, run: () => void) => () => void;
  readonly #arrivals = new Map<string, { lastAt: number; gapMs: number | null }>();
  #cancelHold: (() => void) | null = null;
  /** From when until when each model should be in memory, if none pushes it out. */
  readonly #kept = new Map<string, { from: number; until: number }>();
  /** What each model takes to load, as its server says. */
  readonly #loadMs = new Map<string, number>();
  #queue: Waiting[] = [];
  #current: string | null = null;
  #running = 0;
  #group = 0;
  #swappedAt: number | null = null;
  readonly #totals = { groups: 0, requests: 0, waited: 0, waitMs: 0, swaps: 0 };

  /**
   * @param now monotonic, ms
   * @param after calls back once after so many ms; @returns takes it back
   */
  constructor(
    maxWaitMs: number,
    keepAliveMs: number,
    now: () => number,
    after: (ms: number, run: () => void) => () => void = afterMs,
  ) {
    this.maxWaitMs = maxWaitMs;
    this.keepAliveMs = keepAliveMs;
    this.#now = now;
    this.#after = after;
  }

  /** Whether models push each other out, as far as is known. */
  get isSwapping(): boolean {
    if (this.#swappedAt === null) return false;
    if (this.#queue.length > 0) return true;
    return this.#now() - this.#swappedAt < QUIET_MS;
  }

  /** Calls `granted` at once when the model may run, else when its group's turn has come. Every grant needs a `leave`. */
  enter(model: string, granted: () => void): Turn {
    const now = this.#now();
    this.#noteArrival(model, now);
    if (!this.isSwapping || this.#mayJoin(model, now)) {
      this.#admit(model, granted);
      return { cancel: () => {} };
    }
    const waiting: Waiting = { model, arrivedAt: now, granted, passedIn: null };
    this.#queue.push(waiting);
    this.#advance();
    return {
      cancel: () => {
        this.#queue = this.#queue.filter((each) => each !== waiting);
        this.#advance();
      },
    };
  }

  /** The server is there no more: nobody waits for its models. */
  release(): void {
    this.#cancelHold?.();
    this.#cancelHold = null;
    const all = this.#queue;
    this.#queue = [];
    for (const { model, granted } of all) this.#admit(model, granted);
  }

  /**
   * A call has ended.
   * @param loadMs what the model took to load, as its server says
   * @param tookMs since it was granted
   * @param keepAliveMs that it asked for; the server's own without it
   */
  leave(model: string, loadMs: number, tookMs = loadMs, keepAliveMs = this.keepAliveMs): void {
    const now = this.#now();
    this.#running -= 1;
    if (loadMs >= MIN_LOAD_MS) {
      this.#noteLoad(model, loadMs);
      const { from, until } = this.#kept.get(model) ?? NEVER;
      const grantedAt = now - tookMs;
      // Several callers may wait for one load, and each of them is told of it.
      if (from <= grantedAt && grantedAt < until) this.#swappedAt = now;
      this.#kept.delete(model);
    }
    this.kept(model, keepAliveMs);
    this.#advance();
  }

  /** The server was told to keep a model for so long from now; 0 is no longer. */
  kept(model: string, keepAliveMs: number): void {
    const now = this.#now();
    const before = this.#kept.get(model) ?? NEVER;
    this.#kept.delete(model);
    const from = before.until > now ? before.from : now;
    this.#kept.set(model, { from, until: now + SURELY_KEPT * keepAliveMs });
    if (this.#kept.size <= MAX_MODELS) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  #noteLoad(model: string, loadMs: number): void {
    this.#totals.swaps += 1;
    const known = this.#loadMs.get(model);
    if (known === undefined && this.#loadMs.size >= MAX_MODELS) return;
    // Those who come while it loads are told of the rest of the load only.
    this.#loadMs.set(model, Math.max(loadMs, (known ?? 0) * LOAD_FORGETTING));
  }

  stats() {
    return {
      ...this.#totals,
      pending: this.#queue.length,
      isSwapping: this.isSwapping,
      model: this.#current,
    };
  }

  #mayJoin(model: string, now: number): boolean {
    if (this.#running === 0 && this.#queue.length === 0) return true;
    if (model !== this.#current) return false;
    const others = this.#queue.filter((each) => each.model !== model);
    if (others.some((each) => now - each.arrivedAt >= this.#limitOf(each) || !this.#mayPass(each)))
      return false;
    for (const each of others) each.passedIn = this.#group;
    return true;
  }

  /** Until when a group without anybody running waits for more of its own. */
  #heldUntil(first: Waiting): number {
    const arrivals =
      this.#current === null || first.model === this.#current ? undefined : this.#arrivals.get(this.#current);
    if (arrivals?.gapMs == null) return Number.NEGATIVE_INFINITY;
    return Math.min(first.arrivedAt + this.#limitOf(first), arrivals.lastAt + HELD_GAPS * arrivals.gapMs);
  }

  #noteArrival(model: string, now: number): void {
    const known = this.#arrivals.get(model);
    if (known === undefined) {
      if (this.#arrivals.size < MAX_MODELS) this.#arrivals.set(model, { lastAt: now, gapMs: null });
      return;
    }
    const gap = now - known.lastAt;
    known.gapMs = known.gapMs === null ? gap : known.gapMs + GAP_SMOOTHING * (gap - known.gapMs);
    known.lastAt = now;
  }

  #limitOf({ model }: Waiting): number {
    const thereMs = this.#loadMs.get(model) ?? 0;
    const backMs = this.#current === null ? 0 : (this.#loadMs.get(this.#current) ?? 0);
    return Math.max(this.maxWaitMs, thereMs + backMs);
  }

  #mayPass({ passedIn }: Waiting): boolean {
    return passedIn === null || passedIn === this.#group;
  }

  /** Once the running group is empty, the model of the one that waits longest is next. */
  #advance(): void {
    while (this.#running === 0) {
      this.#cancelHold?.();
      this.#cancelHold = null;
      const [first] = this.#queue;
      if (first === undefined) return;
      const heldUntil = this.#heldUntil(first);
      const left = heldUntil - this.#now();
      if (left > 0) {
        this.#cancelHold = this.#after(left, () => this.#advance());
        return;
      }
      this.#group += 1;
      this.#current = null;
      const released: Waiting[] = [];
      const passed: Waiting[] = [];
      for (const each of this.#queue) {
        if (each.model !== first.model) {
          // Those behind it would pass it a second time.
          if (!this.#mayPass(each)) break;
          passed.push(each);
        } else {
          released.push(each);
          for (const other of passed) other.passedIn = this.#group;
        }
      }
      this.#queue = this.#queue.filter((each) => !released.includes(each));
      const now = this.#now();
      for (const { model, granted, arrivedAt } of released) {
        this.#totals.waited += 1;
        this.#totals.waitMs += now - arrivedAt;
        this.#admit(model, granted);
      }
    }
  }

  #admit(model: string, granted: () => void): void {
    if (model !== this.#current) {
      this.#current = model;
      this.#totals.groups += 1;
    }
    this.#running += 1;
    this.#totals.requests += 1;
    granted();
  }
}

function afterMs(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
