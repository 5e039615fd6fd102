import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { inTransaction } from '#lib/store/database.ts';
import type { MinuteRow, MinuteStore } from '#lib/store/minute-store.ts';

const COLUMNS = 'minute_s, scope, measured_ms, body';

export class SqliteMinuteStore implements MinuteStore {
  readonly #database: DatabaseSync;
  readonly #at: StatementSync;
  readonly #write: StatementSync;
  readonly #read: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#at = database.prepare(`SELECT ${COLUMNS} FROM minutes WHERE minute_s = ?`);
    this.#write = database.prepare(`INSERT OR REPLACE INTO minutes (${COLUMNS}) VALUES (?, ?, ?, ?)`);
    this.#read = database.prepare(
      `SELECT ${COLUMNS} FROM minutes WHERE scope = ? AND minute_s >= ? AND minute_s < ? ORDER BY minute_s LIMIT ?`,
    );
    this.#prune = database.prepare('DELETE FROM minutes WHERE minute_s < ?');
  }

  at(minuteS: number): MinuteRow[] {
    return this.#at.all(minuteS).map(rowOf);
  }

  write(rows: readonly MinuteRow[]): void {
    inTransaction(this.#database, () => {
      for (const { minuteS, scope, measuredMs, body } of rows)
        this.#write.run(minuteS, scope, measuredMs, body);
    });
  }

  read(scope: string, fromS: number, toS: number, limit: number): MinuteRow[] {
    return this.#read.all(scope, fromS, toS, limit).map(rowOf);
  }

  prune(beforeS: number): void {
    this.#prune.run(beforeS);
  }
}

function rowOf({ minute_s, scope, measured_ms, body }: Record<string, unknown>): MinuteRow {
  return {
    minuteS: Number(minute_s),
    scope: String(scope),
    measuredMs: Number(measured_ms),
    body: body instanceof Uint8Array ? body : new Uint8Array(),
  };
}
