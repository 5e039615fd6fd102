/**
 * What outlives a restart. It never stands in a request's way: a database that cannot be opened or written is reported
 * once, and memory takes its place.
 */
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, openMemory } from '#lib/store/database.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';
import type { EventStore } from '#lib/store/event-store.ts';
import { GuardedDocumentStore, GuardedEventStore, GuardedMinuteStore } from '#lib/store/guarded.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';
import { MemoryEventStore } from '#lib/store/memory-event-store.ts';
import { MemoryMinuteStore } from '#lib/store/memory-minute-store.ts';
import type { MinuteStore } from '#lib/store/minute-store.ts';
import { SqliteDocumentStore } from '#lib/store/sqlite-document-store.ts';
import { SqliteEventStore } from '#lib/store/sqlite-event-store.ts';
import { SqliteMinuteStore } from '#lib/store/sqlite-minute-store.ts';
import { UsageStore } from '#lib/store/usage-store.ts';

export interface Store {
  readonly events: EventStore;
  readonly minutes: MinuteStore;
  readonly breakers: DocumentStore;
  readonly drills: DocumentStore;
  readonly settings: DocumentStore;
  readonly usage: UsageStore;
  close(): void;
}

/** Something that an operator should know of, in words. */
export type OnTrouble = (
  what: 'unusable' | 'moved_aside' | 'events' | 'minutes' | 'breakers' | 'drills' | 'settings' | 'usage',
  message: string,
) => void;

/** @param dataDir null keeps everything in memory */
export function openStore({
  dataDir,
  now,
  onTrouble,
}: {
  dataDir: string | null;
  now: () => number;
  onTrouble: OnTrouble;
}): Store {
  if (dataDir === null) return memoryStore();
  try {
    const { database, movedTo } = openDatabase(dataDir, now);
    if (movedTo !== null)
      onTrouble('moved_aside', `the database could not be read; it was moved to ${movedTo}`);
    return sqliteStore(database, onTrouble);
  } catch (thrown) {
    onTrouble('unusable', `${messageOf(thrown)}; events and history are kept in memory only`);
    return memoryStore();
  }
}

function sqliteStore(database: DatabaseSync, onTrouble: OnTrouble): Store {
  return {
    events: new GuardedEventStore(new SqliteEventStore(database), (thrown) =>
      onTrouble('events', `${messageOf(thrown)}; from now on events are kept in memory only`),
    ),
    minutes: new GuardedMinuteStore(new SqliteMinuteStore(database), (thrown) =>
      onTrouble('minutes', `${messageOf(thrown)}; the history of this time may be lost`),
    ),
    breakers: new GuardedDocumentStore(new SqliteDocumentStore(database, 'breaker'), (thrown) =>
      onTrouble('breakers', `${messageOf(thrown)}; holds and open breakers may be lost at a restart`),
    ),
    drills: new GuardedDocumentStore(new SqliteDocumentStore(database, 'drill'), (thrown) =>
      onTrouble('drills', `${messageOf(thrown)}; the results of drills may be lost at a restart`),
    ),
    settings: new GuardedDocumentStore(new SqliteDocumentStore(database, 'setting'), (thrown) =>
      onTrouble('settings', `${messageOf(thrown)}; what operators set may be lost at a restart`),
    ),
    usage: new UsageStore(database, (thrown) =>
      onTrouble('usage', `${messageOf(thrown)}; the usage of this time may be lost to forecasts`),
    ),
    close: () => database.close(),
  };
}

function memoryStore(): Store {
  const database = openMemory();
  return {
    events: new MemoryEventStore(),
    minutes: new MemoryMinuteStore(),
    breakers: new MemoryDocumentStore(),
    drills: new MemoryDocumentStore(),
    settings: new MemoryDocumentStore(),
    usage: new UsageStore(database, () => {}),
    close: () => database.close(),
  };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
