/**
 * Usage over time, for forecasts: one row for each series and stretch of time that was collected. A fault is told once,
 * until it went well again; what cannot be read is empty, what cannot be written is lost.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { UsageRow } from '#lib/allocation/usage.ts';

const COLUMNS = 'series, at_s, lasts_s, requests, demand, response_ms';

export class UsageStore {
  readonly #database: DatabaseSync;
  readonly #onFault: (thrown: unknown) => void;
  readonly #write: StatementSync;
  readonly #read: StatementSync;
  readonly #prune: StatementSync;
  readonly #count: StatementSync;
  #isFailing = false;

  constructor(database: DatabaseSync, onFault: (thrown: unknown) => void) {
    this.#database = database;
    this.#onFault = onFault;
    // What was measured here is not replaced by what is imported later.
    this.#write = database.prepare(`INSERT OR IGNORE INTO usage (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#read = database.prepare(
      `SELECT ${COLUMNS} FROM usage WHERE at_s >= ? AND at_s < ? ORDER BY at_s, series`,
    );
    this.#prune = database.prepare('DELETE FROM usage WHERE at_s < ?');
    this.#count = database.prepare('SELECT count(DISTINCT at_s) AS count FROM usage');
  }

  /** @returns how many were new */
  write(rows: readonly UsageRow[]): number {
    return this.#try(() => {
      this.#database.exec('BEGIN');
      try {
        let written = 0;
        for (const { series, atS, lastsS, requests, demand, responseMs } of rows)
          written += Number(this.#write.run(series, atS, lastsS, requests, demand, responseMs).changes);
        this.#database.exec('COMMIT');
        return written;
      } catch (thrown) {
        // SQLite may have rolled back by itself, as it does when the disk is full.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw thrown;
      }
    }, 0);
  }

  /** Rows that begin from `fromS` until before `toS`, oldest first. */
  read(fromS: number, toS: number): UsageRow[] {
    return this.#try(() => this.#read.all(fromS, toS).map(rowOf), []);
  }

  /** Stretches of time of which there is a row. */
  get stretches(): number {
    return this.#try(() => Number(this.#count.get()?.count ?? 0), 0);
  }

  prune(beforeS: number): void {
    this.#try(() => this.#prune.run(beforeS), undefined);
  }

  #try<T>(use: () => T, otherwise: T): T {
    try {
      const result = use();
      this.#isFailing = false;
      return result;
    } catch (thrown) {
      const isNews = !this.#isFailing;
      this.#isFailing = true;
      if (isNews) this.#onFault(thrown);
      return otherwise;
    }
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
