/** What each model of an upstream is used for: calls, their time, loads, and how long it had been idle before a use. */

export interface ModelUse {
  readonly model: string;
  /** When its last use had ended, epoch milliseconds; null when none is known. */
  readonly idleFromMs: number | null;
  readonly startMs: number;
}

export interface ModelCounts {
  readonly model: string;
  /** Calls that have ended since they were last taken, and how long they took together. */
  readonly calls: number;
  readonly totalMs: number;
  /** Calls that waited for the model to load, and how long those loads took together. */
  readonly coldStarts: number;
  readonly loadMs: number;
  readonly inFlight: number;
  /** Epoch milliseconds. */
  readonly lastEndedMs: number | null;
}

interface Counted {
  calls: number;
  totalMs: number;
  coldStarts: number;
  loadMs: number;
  inFlight: number;
  lastEndedMs: number | null;
  /** When the first of those in flight began. */
  beganMs: number;
  /** Some call succeeded: anybody can make up names. */
  isServed: boolean;
}

/** Of a model that is there already, servers report a few milliseconds. */
const COLD_LOAD_MS = 50;
const MAX_MODELS = 200;
const MAX_NAME_CHARS = 256;

export class ModelUsage {
  readonly #now: () => number;
  readonly #onUse: (use: ModelUse) => void;
  readonly #models = new Map<string, Counted>();

  /** @param now epoch milliseconds */
  constructor(now: () => number, onUse: (use: ModelUse) => void) {
    this.#now = now;
    this.#onUse = onUse;
  }

  /** A call goes out; `ended` follows. */
  began(model: string): void {
    const counted = this.#of(model);
    if (counted === undefined) return;
    counted.inFlight += 1;
    if (counted.inFlight > 1) return;
    counted.beganMs = this.#now();
    if (counted.isServed) this.#onUse({ model, idleFromMs: counted.lastEndedMs, startMs: counted.beganMs });
  }

  ended(model: string, durationMs: number): void {
    const counted = this.#models.get(model);
    if (counted === undefined || counted.inFlight === 0) return;
    counted.inFlight -= 1;
    counted.calls += 1;
    counted.totalMs += durationMs;
    counted.lastEndedMs = this.#now();
  }

  /** @param loadMs what the server says the model took to load */
  served(model: string, loadMs: number): void {
    const counted = this.#models.get(model);
    if (counted === undefined) return;
    // Its first use is told late: only now it is known to be a model.
    if (!counted.isServed) this.#onUse({ model, idleFromMs: null, startMs: counted.beganMs });
    counted.isServed = true;
    if (loadMs < COLD_LOAD_MS) return;
    counted.coldStarts += 1;
    counted.loadMs += loadMs;
  }

  /** Counts of the models that were served since the last time, or are in use. Names that never were are forgotten. */
  take(): ModelCounts[] {
    const taken: ModelCounts[] = [];
    for (const [model, counted] of this.#models) {
      const { isServed, beganMs: _, ...counts } = counted;
      if (isServed) taken.push({ model, ...counts });
      else if (counted.inFlight === 0) this.#models.delete(model);
      Object.assign(counted, { calls: 0, totalMs: 0, coldStarts: 0, loadMs: 0 });
    }
    return taken;
  }

  #of(model: string): Counted | undefined {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    if (this.#models.size >= MAX_MODELS || model.length > MAX_NAME_CHARS) return undefined;
    const counted: Counted = {
      calls: 0,
      totalMs: 0,
      coldStarts: 0,
      loadMs: 0,
      inFlight: 0,
      lastEndedMs: null,
      beganMs: 0,
      isServed: false,
    };
    this.#models.set(model, counted);
    return counted;
  }
}
