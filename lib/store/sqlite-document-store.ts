import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DocumentStore } from '#lib/store/document-store.ts';

export class SqliteDocumentStore implements DocumentStore {
  readonly #kind: string;
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #remove: StatementSync;
  readonly #newest: StatementSync;
  readonly #keepNewest: StatementSync;

  constructor(database: DatabaseSync, kind: string) {
    this.#kind = kind;
    this.#read = database.prepare('SELECT body FROM documents WHERE kind = ? AND name = ?');
    // A replaced row gets a new, higher number.
    this.#write = database.prepare('INSERT OR REPLACE INTO documents (kind, name, body) VALUES (?, ?, ?)');
    this.#remove = database.prepare('DELETE FROM documents WHERE kind = ? AND name = ?');
    this.#newest = database.prepare('SELECT body FROM documents WHERE kind = ? ORDER BY seq DESC LIMIT ?');
    this.#keepNewest = database.prepare(
      `DELETE FROM documents WHERE kind = $kind AND seq NOT IN
         (SELECT seq FROM documents WHERE kind = $kind ORDER BY seq DESC LIMIT $count)`,
    );
  }

  read(name: string): string | null {
    const row = this.#read.get(this.#kind, name);
    return row === undefined ? null : String(row.body);
  }

  write(name: string, body: string): void {
    this.#write.run(this.#kind, name, body);
  }

  remove(name: string): void {
    this.#remove.run(this.#kind, name);
  }

  newest(limit: number): string[] {
    return this.#newest.all(this.#kind, limit).map(({ body }) => String(body));
  }

  keepNewest(count: number): void {
    this.#keepNewest.run({ kind: this.#kind, count });
  }
}
