/**
 * Usage over time, for forecasts: one row for each series and stretch of time that was collected. A fault is told once,
 * until it went well again; what cannot be read is empty, what cannot be written is lost.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { UsageRow } from '#lib/allocation/usage.ts';
import { inTransaction } from '#lib/store/database.ts';
import { FaultOnce } from '#lib/store/fault-once.ts';

const COLUMNS = 'series, at_s, lasts_s, requests, demand, response_ms';

export class UsageStore {
  readonly #database: DatabaseSync;
  readonly #faults: FaultOnce;
  readonly #write: StatementSync;
  readonly #read: StatementSync;
  readonly #prune: StatementSync;
  readonly #count: StatementSync;
  readonly #countBefore: StatementSync;
  readonly #any: StatementSync;
  /** Null while it has to be counted anew. */
  #stretches: number | null = null;

  constructor(database: DatabaseSync, onFault: (thrown: unknown) => void) {
    this.#database = database;
    this.#faults = new FaultOnce(onFault);
    // What was measured here is not replaced by what is imported later.
    this.#write = database.prepare(`INSERT OR IGNORE INTO usage (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#read = database.prepare(
      `SELECT ${COLUMNS} FROM usage WHERE at_s >= ? AND at_s < ? ORDER BY at_s, series`,
    );
    this.#prune = database.prepare('DELETE FROM usage WHERE at_s < ?');
    this.#count = database.prepare('SELECT count(DISTINCT at_s) AS count FROM usage');
    this.#any = database.prepare('SELECT 1 FROM usage WHERE at_s = ? LIMIT 1');
    this.#countBefore = database.prepare('SELECT count(DISTINCT at_s) AS count FROM usage WHERE at_s < ?');
  }

  /** @returns how many were new */
  write(rows: readonly UsageRow[]): number {
    const [first] = rows;
    if (first === undefined) return 0;
    return this.#faults.try(() => {
      const isOneStretch = rows.every(({ atS }) => atS === first.atS);
      const isNew = isOneStretch && this.#any.get(first.atS) === undefined;
      const written = inTransaction(this.#database, () => {
        let added = 0;
        for (const { series, atS, lastsS, requests, demand, responseMs } of rows)
          added += Number(this.#write.run(series, atS, lastsS, requests, demand, responseMs).changes);
        return added;
      });
      if (!isOneStretch) this.#stretches = null;
      else if (isNew && this.#stretches !== null) this.#stretches += 1;
      return written;
    }, 0);
  }

  /** Rows that begin from `fromS` until before `toS`, oldest first. */
  read(fromS: number, toS: number): UsageRow[] {
    return this.#faults.try(() => this.#read.all(fromS, toS).map(rowOf), []);
  }

  /** Stretches of time of which there is a row. Kept count of: to count a million rows takes a while. */
  get stretches(): number {
    this.#stretches ??= this.#faults.try(() => Number(this.#count.get()?.count ?? 0), null);
    return this.#stretches ?? 0;
  }

  prune(beforeS: number): void {
    this.#faults.try(() => {
      const gone = Number(this.#countBefore.get(beforeS)?.count ?? 0);
      this.#prune.run(beforeS);
      if (this.#stretches !== null) this.#stretches -= gone;
    }, undefined);
  }
}

function rowOf(row: Record<string, unknown>): UsageRow {
  const orNull = (value: unknown) => (value === null ? null : Number(value));
  return {
    series: String(row.series),
    atS: Number(row.at_s),
    lastsS: Number(row.lasts_s),
    requests: Number(row.requests),
    demand: orNull(row.demand),
    responseMs: orNull(row.response_ms),
  };
}
