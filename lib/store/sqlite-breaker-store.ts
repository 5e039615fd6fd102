import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BreakerStore } from '#lib/store/breaker-store.ts';

export class SqliteBreakerStore implements BreakerStore {
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync) {
    this.#read = database.prepare('SELECT body FROM breakers WHERE name = ?');
    this.#write = database.prepare('INSERT OR REPLACE INTO breakers (name, body) VALUES (?, ?)');
    this.#remove = database.prepare('DELETE FROM breakers WHERE name = ?');
  }

  read(name: string): string | null {
    const row = this.#read.get(name);
    return row === undefined ? null : String(row.body);
  }

  write(name: string, body: string): void {
    this.#write.run(name, body);
  }

  remove(name: string): void {
    this.#remove.run(name);
  }
}
