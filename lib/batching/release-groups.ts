/**
 * No API merges chats, but a server that holds one model at a time loads another for each request that asks for it.
 * Here requests are released in groups by model, so that it loads once per group. While nothing is swapped, nothing
 * waits. Whether anything is, the loads tell: of models that had been there shortly before.
 *
 * Fairness: a request is passed over by requests that came after it in at most one group, and once it has waited
 * `maxWaitMs`, or as long as its model takes to load if that is longer, the running group takes nobody in any more: to
 * switch sooner would cost more than it saves.
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
/** A model that is loaded again within so long of its last use was pushed out by another one. */
const RELOADED_WITHIN_MS = 240_000;
/** Without any swap for so long, models are taken to fit beside each other again. */
const QUIET_MS = 60_000;
const MAX_MODELS = 200;
const LOAD_SMOOTHING = 0.3;

export class ReleaseGroups {
  /** From then on a waiting request lets nobody past, or from when its model would have loaded. */
  maxWaitMs: number;
  readonly #now: () => number;
  readonly #lastUsedAt = new Map<string, number>();
  /** What each model takes to load, as its server says. */
  readonly #loadMs = new Map<string, number>();
  #queue: Waiting[] = [];
  #current: string | null = null;
  #running = 0;
  #group = 0;
  #swappedAt: number | null = null;
  readonly #totals = { groups: 0, requests: 0, waited: 0, waitMs: 0, swaps: 0 };

  /** @param now monotonic, ms */
  constructor(maxWaitMs: number, now: () => number) {
    this.maxWaitMs = maxWaitMs;
    this.#now = now;
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

  /** A call has ended. @param loadMs what the model took to load, as its server says */
  leave(model: string, loadMs: number): void {
    const now = this.#now();
    this.#running -= 1;
    const before = this.#lastUsedAt.get(model);
    if (loadMs >= MIN_LOAD_MS) this.#noteLoad(model, loadMs);
    if (loadMs >= MIN_LOAD_MS && before !== undefined && now - before < RELOADED_WITHIN_MS)
      this.#swappedAt = now;
    this.#lastUsedAt.delete(model);
    this.#lastUsedAt.set(model, now);
    if (this.#lastUsedAt.size > MAX_MODELS) {
      const [oldest] = this.#lastUsedAt.keys();
      if (oldest !== undefined) this.#lastUsedAt.delete(oldest);
    }
    this.#advance();
  }

  #noteLoad(model: string, loadMs: number): void {
    this.#totals.swaps += 1;
    const known = this.#loadMs.get(model);
    if (known === undefined && this.#loadMs.size >= MAX_MODELS) return;
    this.#loadMs.set(model, known === undefined ? loadMs : known + LOAD_SMOOTHING * (loadMs - known));
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

  #limitOf({ model }: Waiting): number {
    return Math.max(this.maxWaitMs, this.#loadMs.get(model) ?? 0);
  }

  #mayPass({ passedIn }: Waiting): boolean {
    return passedIn === null || passedIn === this.#group;
  }

  /** Once the running group is empty, the model of the one that waits longest is next. */
  #advance(): void {
    while (this.#running === 0) {
      const [first] = this.#queue;
      if (first === undefined) return;
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
