/** Rows of a minute in memory, for tests and for when the database cannot be used. */
import type { MinuteRow, MinuteStore } from '#lib/store/minute-store.ts';

export class MemoryMinuteStore implements MinuteStore {
  /** By minute and scope; bounded by `prune`. */
  readonly #rows = new Map<string, MinuteRow>();

  at(minuteS: number): MinuteRow[] {
    return [...this.#rows.values()].filter((row) => row.minuteS === minuteS);
  }

  write(rows: readonly MinuteRow[]): void {
    for (const row of rows) this.#rows.set(`${row.minuteS} ${row.scope}`, row);
  }

  read(scope: string, fromS: number, toS: number, limit: number): MinuteRow[] {
    return [...this.#rows.values()]
      .filter((row) => row.scope === scope && row.minuteS >= fromS && row.minuteS < toS)
      .sort((a, b) => a.minuteS - b.minuteS)
      .slice(0, limit);
  }

  prune(beforeS: number): void {
    for (const [key, row] of this.#rows) if (row.minuteS < beforeS) this.#rows.delete(key);
  }
}
