/**
 * The SQLite file, through Node's own binding. Each entry of `MIGRATIONS` takes the schema one version on; entries are
 * only ever added.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const FILE = 'switchgear.db';
const BUSY_TIMEOUT_MS = 2_000;

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
];

/** What `openDatabase` found, beside a database. */
export interface Opened {
  readonly database: DatabaseSync;
  /** Where an unreadable file was moved to; null when there was none. */
  readonly movedTo: string | null;
}

/**
 * Opens `switchgear.db` in that folder, or makes it. A file that is no database any more is moved aside.
 * @throws Error when the folder cannot be written, or the file is of a newer version of Switchgear.
 */
export function openDatabase(folder: string, now: () => number): Opened {
  const path = join(folder, FILE);
  try {
    return { database: open(path), movedTo: null };
  } catch (thrown) {
    if (!isUnreadable(thrown)) throw thrown;
    const movedTo = `${path}.broken-${now()}`;
    renameSync(path, movedTo);
    return { database: open(path), movedTo };
  }
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // What a power cut may lose in WAL mode is the last moments, never the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    migrate(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
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

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof Error && 'errcode' in thrown && (thrown.errcode === 11 || thrown.errcode === 26);
}
