/** The newest finished buckets of every series, by their step, and whether any are missing between. */
import { LIVE_STEPS_S } from '#lib/contracts/history.ts';
import type { Row, Snapshot } from '#lib/contracts/snapshot.ts';

/** More than any live range has: 15 minutes in steps of 5 s are 180. */
export const MAX_ROWS = 240;

export interface KeptRow {
  /** The beginning of the bucket. */
  readonly atMs: number;
  readonly values: Row['values'];
}

export interface Buckets {
  /** Goes up whenever something may have been missed: what was fetched before has to be fetched again. */
  readonly generation: number;
  /** Oldest first. */
  of(stepS: number): readonly KeptRow[];
}

export class RowRings implements Buckets {
  readonly #rows = new Map<number, KeptRow[]>(LIVE_STEPS_S.map((step) => [step, []]));
  #lastSeq: number | null = null;
  #startedAt: string | null = null;
  #generation = 0;

  get generation(): number {
    return this.#generation;
  }

  take({ seq, started_at, rows }: Pick<Snapshot, 'seq' | 'started_at' | 'rows'>): void {
    // The first one may come twice, from before and after a tick.
    if (seq === this.#lastSeq && started_at === this.#startedAt && rows.length === 0) return;
    const follows = this.#lastSeq !== null && seq === this.#lastSeq + 1 && started_at === this.#startedAt;
    if (!follows) {
      this.#generation += 1;
      for (const kept of this.#rows.values()) kept.length = 0;
    }
    this.#lastSeq = seq;
    this.#startedAt = started_at;
    for (const { step_s, at, values } of rows) {
      const kept = this.#rows.get(step_s);
      if (kept === undefined) continue;
      kept.push({ atMs: Date.parse(at), values });
      if (kept.length > MAX_ROWS) kept.shift();
    }
  }

  of(stepS: number): readonly KeptRow[] {
    return this.#rows.get(stepS) ?? [];
  }

  /** As it is now, and stays: what is shown in a pause, while the rings go on. */
  frozen(): Buckets {
    const rows = new Map([...this.#rows].map(([step, kept]) => [step, [...kept]]));
    return { generation: this.#generation, of: (stepS) => rows.get(stepS) ?? [] };
  }
}
