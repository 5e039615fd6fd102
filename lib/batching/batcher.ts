/**
 * Puts what many ask for into few calls. It knows groups, sizes, budgets and clocks; what a call is, its `run` says.
 *
 * A batch leaves at once when it is full, when its oldest entry has waited long enough, or when nothing is in its way:
 * fewer batches in flight than the upstream takes well, and no more entries to be expected soon. It is taken to expect
 * more when at least a quarter of a batch has come within one wait, batching pays by the fitted cost line, and the
 * stream of arrivals has not fallen silent.
 */
import { CostLine } from '#lib/batching/cost-line.ts';
import { flushReasons } from '#lib/contracts/batching.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { Histogram } from '#lib/stats/histogram.ts';

export interface BatchLimits {
  /** Weight of a batch, at most; an entry that is heavier alone goes alone. */
  maxSize: number;
  maxWaitMs: number;
  maxTokens: number;
  maxBytes: number;
  /** Entries that may wait. */
  maxQueued: number;
  /** Batches in flight, at most. */
  maxInFlight: number;
}

export type FlushReason = (typeof flushReasons)[number];

export interface EntryOrder<T, R, E> {
  /** Only entries of equal groups share a call. */
  readonly group: string;
  readonly payload: T;
  /** Items in it. */
  readonly weight: number;
  readonly tokens: number;
  readonly bytes: number;
  /** May never share a call. */
  readonly isAlone?: boolean;
  done(result: R, batch: BatchFacts): void;
  failed(error: E | SwitchgearError): void;
}

export interface BatchFacts {
  /** Entries and items in the call. */
  readonly entries: number;
  readonly size: number;
  readonly waitMs: number;
}

export type BatchOutcome<R, E> =
  | { readonly kind: 'done'; readonly results: readonly R[] }
  /** `blamesItems`: the upstream refused what was asked, so that the fault may be a single entry's. */
  | { readonly kind: 'failed'; readonly error: E; readonly blamesItems: boolean };

/** Makes one call. It reports exactly once, unless it is aborted. */
export type RunBatch<T, R, E> = (
  payloads: readonly T[],
  report: (outcome: BatchOutcome<R, E>) => void,
) => { abort(): void };

export interface BatcherParts<T, R, E> {
  limits: BatchLimits;
  run: RunBatch<T, R, E>;
  /** Monotonic, ms. */
  now: () => number;
  /** Calls back once after so long. @returns takes it back */
  after?: (ms: number, run: () => void) => () => void;
  /** Calls back once, when those that come in the same moment have been added. */
  soon?: (run: () => void) => void;
}

interface Entry<T, R, E> {
  readonly order: EntryOrder<T, R, E>;
  readonly arrivedAt: number;
  batch: Batch<T, R, E> | null;
  isOver: boolean;
}

interface Batch<T, R, E> {
  entries: Entry<T, R, E>[];
  readonly size: number;
  readonly beganAt: number;
  /** Those in flight with it when it began, itself included. */
  readonly beside: number;
  abort: () => void;
}

/** Of a batch, that must have come within one wait so that the rest of it is waited for. */
const EXPECTED_SHARE = 0.25;
/** And at least so many: two are no stream. */
const MIN_EXPECTED = 3;
/** Usual gaps between arrivals after which no more are expected. */
const SILENT_GAPS = 8;
const GAPS_KEPT = 15;
const MIN_SILENCE_MS = 2;
/** A batch that takes so much longer than one that is alone says that there are too many. */
const CROWDED = 1.5;
const ROOMY = 1.2;
const DRAIN_SMOOTHING = 0.2;
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;
/** Larger sizes are counted together. */
const MAX_SIZE_COUNTED = 256;

export class Batcher<T, R, E> {
  readonly #parts: Required<BatcherParts<T, R, E>>;
  readonly #groups = new Map<string, Entry<T, R, E>[]>();
  readonly line = new CostLine();
  readonly #waits = new Histogram();
  readonly #runs = new Histogram();
  readonly #sizes = new Map<number, number>();
  readonly #reasons: Record<FlushReason, number>;
  #limits: BatchLimits;
  #queued = 0;
  #inFlight = 0;
  /** Batches that the upstream takes well at a time, as learned. */
  #room = 1;
  /** Weight that came within one wait, decaying. */
  #recent = 0;
  #recentAt = 0;
  #lastArrivalAt = 0;
  readonly #gaps: number[] = [];
  #cancelTimer: (() => void) | null = null;
  #isPumpDue = false;
  #state: 'open' | 'draining' | 'closed' = 'open';
  #drainPerMs: number | null = null;
  #lastEndAt: number | null = null;
  /** Entries of the batch that ended last. */
  #lastEntries = 0;
  #totals = { batches: 0, entries: 0, items: 0, failed: 0, waitMs: 0 };

  constructor(parts: BatcherParts<T, R, E>) {
    this.#parts = { after: afterMs, soon: setImmediate, ...parts };
    this.#limits = parts.limits;
    this.#reasons = Object.fromEntries(flushReasons.map((reason) => [reason, 0])) as Record<
      FlushReason,
      number
    >;
  }

  get limits(): BatchLimits {
    return this.#limits;
  }

  setLimits(limits: BatchLimits): void {
    this.#limits = limits;
    this.#pump();
  }

  /** @throws SwitchgearError `queue_full` with when to come back, `shutting_down` */
  add(order: EntryOrder<T, R, E>): { cancel(): void } {
    if (this.#state === 'closed') throw new SwitchgearError('shutting_down', 'The server is shutting down');
    if (this.#queued >= this.#limits.maxQueued) throw this.#full();
    const now = this.#parts.now();
    const entry: Entry<T, R, E> = { order, arrivedAt: now, batch: null, isOver: false };
    const group = this.#groups.get(order.group) ?? [];
    this.#groups.set(order.group, group);
    group.push(entry);
    this.#queued += 1;
    this.#recent = this.#recentWeight(now) + order.weight;
    this.#recentAt = now;
    this.#gaps.push(now - this.#lastArrivalAt);
    if (this.#gaps.length > GAPS_KEPT) this.#gaps.shift();
    this.#lastArrivalAt = now;
    if (!this.#isPumpDue) {
      this.#isPumpDue = true;
      this.#parts.soon(() => {
        this.#isPumpDue = false;
        this.#pump();
      });
    }
    return { cancel: () => this.#cancel(entry) };
  }

  /** From now on nothing waits; what is queued leaves at once. */
  drain(): void {
    if (this.#state === 'open') this.#state = 'draining';
    this.#pump();
  }

  /** Nothing is taken any more; what has not ended fails. */
  close(): void {
    this.#state = 'closed';
    this.#cancelTimer?.();
    const error = new SwitchgearError('shutting_down', 'The server is shutting down');
    for (const entries of [...this.#groups.values()])
      for (const entry of [...entries]) this.#fail(entry, error);
    this.#groups.clear();
    this.#queued = 0;
  }

  /** What is asked for once a second. */
  get totals() {
    const { batches, entries, items } = this.#totals;
    return { batches, entries, items, pending: this.#queued, inFlight: this.#inFlight };
  }

  stats() {
    const { batches, entries, items, failed, waitMs } = this.#totals;
    const { maxSize } = this.#limits;
    const average = batches === 0 ? null : items / batches;
    const full = this.line.durationMs(maxSize);
    const now = average === null ? null : this.line.durationMs(average);
    return {
      batches,
      entries,
      items,
      failed,
      pending: this.#queued,
      inFlight: this.#inFlight,
      room: this.#room,
      averageSize: average,
      efficiency: average === null ? null : average / maxSize,
      averageWaitMs: entries === 0 ? null : waitMs / entries,
      totalWaitMs: waitMs,
      waits: this.#waits,
      runs: this.#runs,
      reasons: { ...this.#reasons },
      sizes: [...this.#sizes].sort(([a], [b]) => a - b),
      line: this.line.fitted,
      pays: this.line.pays(maxSize),
      arrivalsPerS: (this.#recentWeight(this.#parts.now()) / Math.max(1, this.#limits.maxWaitMs)) * 1_000,
      /** Upstream time per item that full batches would save, ms. */
      regretMs:
        full === null || now === null || average === null
          ? null
          : Math.max(0, now / average - full / maxSize),
    };
  }

  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#state === 'closed') return;
    let wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#parts.now();
    const byAge = [...this.#groups.values()].sort((a, b) => (a[0]?.arrivedAt ?? 0) - (b[0]?.arrivedAt ?? 0));
    for (const entries of byAge) {
      for (let [first] = entries; first !== undefined; [first] = entries) {
        if (this.#inFlight >= this.#limits.maxInFlight) return;
        const { taken, fullBy } = this.#prefix(entries);
        const reason = fullBy ?? this.#reasonToLeave(taken, now);
        if (reason === null) {
          wakeAt = Math.min(wakeAt, this.#leavesAt(taken, now));
          break;
        }
        entries.splice(0, taken.length);
        this.#queued -= taken.length;
        this.#start(taken, reason);
      }
    }
    for (const [name, entries] of this.#groups) if (entries.length === 0) this.#groups.delete(name);
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#parts.after(Math.max(0, wakeAt - now), () => this.#pump());
  }

  /** Those that fit into one call from the first on, and what keeps the next one out. */
  #prefix(entries: readonly Entry<T, R, E>[]): { taken: Entry<T, R, E>[]; fullBy: FlushReason | null } {
    const { maxSize, maxTokens, maxBytes } = this.#limits;
    const taken: Entry<T, R, E>[] = [];
    let [size, tokens, bytes] = [0, 0, 0];
    for (const entry of entries) {
      const { order } = entry;
      const fullBy =
        size + order.weight > maxSize || order.isAlone === true
          ? 'size'
          : tokens + order.tokens > maxTokens
            ? 'tokens'
            : bytes + order.bytes > maxBytes
              ? 'bytes'
              : null;
      if (fullBy !== null && taken.length > 0) return { taken, fullBy };
      taken.push(entry);
      size += order.weight;
      tokens += order.tokens;
      bytes += order.bytes;
      if (fullBy !== null || size >= maxSize) return { taken, fullBy: fullBy ?? 'size' };
    }
    return { taken, fullBy: null };
  }

  #reasonToLeave(taken: readonly Entry<T, R, E>[], now: number): FlushReason | null {
    if (this.#state === 'draining') return 'shutdown';
    const [oldest] = taken;
    if (oldest !== undefined && now - oldest.arrivedAt >= this.#limits.maxWaitMs) return 'deadline';
    if (this.#inFlight >= this.#room) return null;
    return this.#expectsMore(now) && now < this.#silentAt() ? null : 'idle';
  }

  #leavesAt(taken: readonly Entry<T, R, E>[], now: number): number {
    const deadline = (taken[0]?.arrivedAt ?? now) + this.#limits.maxWaitMs;
    // While it is busy, the end of a batch is what wakes it.
    return this.#inFlight >= this.#room ? deadline : Math.min(deadline, this.#silentAt());
  }

  #expectsMore(now: number): boolean {
    const { maxSize, maxWaitMs } = this.#limits;
    if (maxWaitMs === 0 || maxSize === 1 || !this.line.pays(maxSize)) return false;
    // Those of the batch that ended last often ask again at once.
    if (this.#lastEntries >= MIN_EXPECTED) return true;
    return this.#recentWeight(now) >= Math.max(MIN_EXPECTED, maxSize * EXPECTED_SHARE);
  }

  /** When the stream of arrivals counts as fallen silent. */
  #silentAt(): number {
    const since = Math.max(this.#lastArrivalAt, this.#lastEndAt ?? 0);
    return since + Math.max(MIN_SILENCE_MS, SILENT_GAPS * this.#usualGap());
  }

  /** The median of the last gaps: bursts have many short ones, and a long one in between that says nothing. */
  #usualGap(): number {
    const sorted = this.#gaps.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** What came within one wait: each arrival weighs less the longer it is ago. */
  #recentWeight(now: number): number {
    return this.#recent * Math.exp(-(now - this.#recentAt) / Math.max(1, this.#limits.maxWaitMs));
  }

  #start(entries: Entry<T, R, E>[], reason: FlushReason): void {
    const now = this.#parts.now();
    this.#inFlight += 1;
    const size = entries.reduce((sum, { order }) => sum + order.weight, 0);
    const batch: Batch<T, R, E> = { entries, size, beganAt: now, beside: this.#inFlight, abort: () => {} };
    this.#totals.batches += 1;
    this.#totals.items += size;
    this.#reasons[reason] += 1;
    const counted = Math.min(size, MAX_SIZE_COUNTED);
    this.#sizes.set(counted, (this.#sizes.get(counted) ?? 0) + 1);
    for (const entry of entries) {
      entry.batch = batch;
      if (reason === 'bisect') continue;
      const waitMs = now - entry.arrivedAt;
      this.#totals.entries += 1;
      this.#totals.waitMs += waitMs;
      this.#waits.add(waitMs);
    }
    let isReported = false;
    const report = (outcome: BatchOutcome<R, E>) => {
      if (isReported) return;
      isReported = true;
      this.#ended(batch, outcome);
    };
    try {
      const { abort } = this.#parts.run(
        entries.map(({ order }) => order.payload),
        report,
      );
      batch.abort = () => {
        if (isReported) return;
        isReported = true;
        abort();
        this.#release(batch, false);
      };
    } catch (thrown) {
      // What `run` throws is a fault of ours; nobody may wait for ever because of it.
      report({ kind: 'failed', error: thrown as E, blamesItems: false });
    }
  }

  #ended(batch: Batch<T, R, E>, outcome: BatchOutcome<R, E>): void {
    this.#release(batch, outcome.kind === 'done');
    const { entries } = batch;
    if (outcome.kind === 'done') {
      if (outcome.results.length !== entries.length) {
        const text = `${outcome.results.length} results for ${entries.length} entries of a batch`;
        for (const entry of entries) this.#fail(entry, new SwitchgearError('upstream_invalid', text));
      } else {
        for (const [at, entry] of entries.entries()) {
          // The lengths are equal.
          this.#finish(entry, outcome.results[at] as R, batch);
        }
      }
    } else this.#failed(entries, outcome);
    this.#pump();
  }

  /** A refused batch is halved until it is known whose fault it is; no batch is sent twice. */
  #failed(
    entries: readonly Entry<T, R, E>[],
    { error, blamesItems }: { error: E; blamesItems: boolean },
  ): void {
    this.#totals.failed += 1;
    const wanted = entries.filter(({ isOver }) => !isOver);
    if (!blamesItems || entries.length < 2 || this.#state === 'closed') {
      for (const entry of wanted) this.#fail(entry, error);
      return;
    }
    const middle = Math.ceil(wanted.length / 2);
    for (const half of [wanted.slice(0, middle), wanted.slice(middle)])
      if (half.length > 0) this.#start(half, 'bisect');
  }

  #release(batch: Batch<T, R, E>, isGood: boolean): void {
    this.#inFlight -= 1;
    const now = this.#parts.now();
    const durationMs = now - batch.beganAt;
    if (this.#lastEndAt !== null) {
      const rate = batch.entries.length / Math.max(0.1, now - this.#lastEndAt);
      this.#drainPerMs =
        this.#drainPerMs === null ? rate : this.#drainPerMs + DRAIN_SMOOTHING * (rate - this.#drainPerMs);
    }
    this.#lastEndAt = now;
    this.#lastEntries = batch.entries.length;
    if (!isGood) return;
    this.#runs.add(durationMs);
    const expected = this.line.durationMs(batch.size);
    if (batch.beside === 1) this.line.add(batch.size, durationMs);
    // Until it is known what a call takes alone, none is sent beside another but full or overdue.
    if (expected === null) return;
    if (batch.beside > 1 && durationMs > CROWDED * expected)
      this.#room = Math.max(1, Math.min(this.#room, batch.beside) - 1);
    else if (durationMs <= ROOMY * expected && this.#queued > 0)
      this.#room = Math.min(this.#limits.maxInFlight, this.#room + 1);
  }

  #cancel(entry: Entry<T, R, E>): void {
    if (entry.isOver) return;
    entry.isOver = true;
    const { batch } = entry;
    if (batch === null) {
      const entries = this.#groups.get(entry.order.group) ?? [];
      const at = entries.indexOf(entry);
      if (at === -1) return;
      entries.splice(at, 1);
      this.#queued -= 1;
      if (entries.length === 0) this.#groups.delete(entry.order.group);
    } else if (batch.entries.every(({ isOver }) => isOver)) {
      batch.abort();
      this.#pump();
    }
  }

  #finish(entry: Entry<T, R, E>, result: R, { entries, size, beganAt }: Batch<T, R, E>): void {
    if (entry.isOver) return;
    entry.isOver = true;
    entry.order.done(result, { entries: entries.length, size, waitMs: beganAt - entry.arrivedAt });
  }

  #fail(entry: Entry<T, R, E>, error: E | SwitchgearError): void {
    if (entry.isOver) return;
    entry.isOver = true;
    entry.order.failed(error);
  }

  #full(): SwitchgearError {
    const drainMs = (this.#queued + 1) / (this.#drainPerMs ?? 1 / MIN_RETRY_MS);
    const retryAfterMs = Math.round(Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, drainMs)));
    return new SwitchgearError('queue_full', 'The queue for batches of this upstream is full', {
      retryAfterMs,
    });
  }
}

function afterMs(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
