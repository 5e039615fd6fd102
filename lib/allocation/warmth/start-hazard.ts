/**
 * When an idle model is likely to be wanted: starts per idle second by time of day,
 *
 *   h(slot) = (Σ_j k(slot - j) starts[j] + PRIOR h0) / (Σ_j k(slot - j) idle[j] + PRIOR)
 *
 * with a Gaussian kernel k over neighbouring slots, older days weighing less, and h0 the rate over all models. It is
 * worth being warm where λ h > 1: a second of it costs less than the cold start that it saves.
 */
import type { Calendar } from '#lib/allocation/calendar.ts';

const SLOTS = 144;
/** Slots: half an hour of a day. */
const BANDWIDTH = 3;
const REACH = 7;
/** Of an older day, for each day that it is older. */
const DECAY = 0.9;
/** Idle time that the rate over all models stands for, as a share of the season: 100 minutes of a day. */
const PRIOR = 100 / 1_440;
const MOST_DAYS = 7;

const KERNEL = Array.from({ length: 2 * REACH + 1 }, (_, at) =>
  Math.exp(-0.5 * ((at - REACH) / BANDWIDTH) ** 2),
);

/** Rate of starts over all models. */
export class PooledRate {
  starts = 0;
  idleS = 0;

  get perS(): number {
    return this.idleS === 0 ? 0 : this.starts / this.idleS;
  }
}

export class StartHazard {
  readonly #calendar: Calendar;
  readonly #pooled: PooledRate;
  readonly #starts = new Float64Array(SLOTS);
  readonly #idleS = new Float64Array(SLOTS);

  constructor(calendar: Calendar, pooled: PooledRate) {
    this.#calendar = calendar;
    this.#pooled = pooled;
  }

  /** Length of a slot, over which the hazard is constant. */
  get slotS(): number {
    return this.#calendar.seasonS / SLOTS;
  }

  /** The model was wanted again after having been idle. */
  learn(idleFromS: number, startS: number): void {
    // What is longer than a few days teaches no more of the time of day, and costs.
    let atS = Math.max(idleFromS, startS - MOST_DAYS * this.#calendar.seasonS);
    this.#pooled.idleS += startS - atS;
    while (atS < startS) {
      const nextS = Math.min((Math.floor(atS / this.slotS) + 1) * this.slotS, startS);
      const slot = this.#calendar.slot(atS, this.slotS);
      this.#idleS[slot] = (this.#idleS[slot] ?? 0) * DECAY + (nextS - atS);
      this.#starts[slot] = (this.#starts[slot] ?? 0) * DECAY;
      atS = nextS;
    }
    const slot = this.#calendar.slot(startS, this.slotS);
    this.#starts[slot] = (this.#starts[slot] ?? 0) + 1;
    this.#pooled.starts += 1;
  }

  /** Starts per idle second. @param atS epoch seconds */
  at(atS: number): number {
    const slot = this.#calendar.slot(atS, this.slotS);
    let [starts, idleS] = [0, 0];
    for (let step = -REACH; step <= REACH; step += 1) {
      const near = (slot + step + SLOTS) % SLOTS;
      const share = KERNEL[step + REACH] ?? 0;
      starts += share * (this.#starts[near] ?? 0);
      idleS += share * (this.#idleS[near] ?? 0);
    }
    const priorS = PRIOR * this.#calendar.seasonS;
    return (starts + priorS * this.#pooled.perS) / (idleS + priorS);
  }
}
