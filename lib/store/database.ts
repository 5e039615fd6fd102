/**
 * The SQLite file, through Node's own binding. Each entry of `MIGRATIONS` takes the schema one version on; entries are
 * only ever added.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const FILE = 'switchgear.db';
/** A process that is just ending may still write a last row. */
const BUSY_TIMEOUT_MS = 500;

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE events (
     seq INTEGER PRIMARY KEY,
     at_ms INTEGER NOT NULL,
     type TEXT NOT NULL,
     component TEXT,
     event TEXT NOT NULL
   ) STRICT;
   CREATE INDEX events_at ON events (at_ms);
   CREATE TABLE minutes (
     minute_s INTEGER NOT NULL,
     scope TEXT NOT NULL,
     measured_ms REAL NOT NULL,
     body BLOB NOT NULL,
     PRIMARY KEY (scope, minute_s)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX minutes_at ON minutes (minute_s);`,
  `CREATE TABLE documents (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     body TEXT NOT NULL,
     UNIQUE (kind, name)
   ) STRICT;
   CREATE INDEX events_component ON events (component, seq);`,
  `CREATE TABLE usage (
     series TEXT NOT NULL,
     at_s INTEGER NOT NULL,
     lasts_s INTEGER NOT NULL,
     requests REAL NOT NULL,
     demand REAL,
     response_ms REAL,
     PRIMARY KEY (series, at_s)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX usage_at ON usage (at_s);`,
];

/** SQLite's result codes. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** What `openDatabase` found, beside a database. */
export interface Opened {
  readonly database: DatabaseSync;
  /** Where an unreadable file was moved to; null when there was none. */
  readonly movedTo: string | null;
}

/**
 * Opens `switchgear.db` in that folder, or makes it. A file that is no database any more is moved aside.
 * @throws Error when the folder cannot be written, or the file is of a newer version.
 */
export function openDatabase(folder: string, now: () => number): Opened {
  const path = join(folder, FILE);
  try {
    return { database: open(path), movedTo: null };
  } catch (thrown) {
    if (![CORRUPT, NOT_A_DATABASE].includes(codeOf(thrown))) throw thrown;
    const movedTo = `${path}.broken-${now()}`;
    // With its log, which SQLite would otherwise play into the new file.
    for (const suffix of ['', '-wal', '-shm']) moveIfThere(`${path}${suffix}`, `${movedTo}${suffix}`);
    return { database: open(path), movedTo };
  }
}

/** A database that nothing outlives. */
export function openMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  migrate(database);
  return database;
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // In WAL mode a power cut may cost the last moments, never the file. It is not locked for this process alone: one
    // that starts while its predecessor still drains would be left without.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    check(database);
    migrate(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/** All of it, or nothing. @throws what `run` throws */
export function inTransaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    // SQLite may have rolled back by itself, as it does when the disk is full.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}

/** Reads it through, some 40 ms for 60 MB: what is broken inside would else be found at each query. */
function check(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: CORRUPT });
}

function migrate(database: DatabaseSync): void {
  const row = database.prepare('PRAGMA user_version').get();
  const version = Number(row?.user_version ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the database has version ${version}, and this Switchgear knows up to ${MIGRATIONS.length}`,
    );
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}

function moveIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/** Of an error of SQLite; -1 of any other. */
function codeOf(thrown: unknown): number {
  return thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) : -1;
}
