import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { GuardedEventStore, GuardedMinuteStore } from '#lib/store/guarded.ts';
import { MemoryEventStore } from '#lib/store/memory-event-store.ts';
import { MemoryMinuteStore } from '#lib/store/memory-minute-store.ts';
import { openStore } from '#lib/store/store.ts';
import { eventOf, START_MS, scratch } from './support.ts';

const parent = scratch();
const newFolder = () => mkdtempSync(join(parent, 'data-'));
const MINUTE = { minuteS: 60, scope: 'gateway', measuredMs: 60_000, body: Uint8Array.of(1) };

function opened(dataDir: string) {
  const troubles: string[] = [];
  const store = openStore({
    dataDir,
    now: () => 1_700_000_000_000,
    onTrouble: (what, message) => troubles.push(`${what}: ${message}`),
  });
  return { store, troubles };
}

describe('the store', () => {
  it('has after a restart what it had before', () => {
    const folder = newFolder();
    const first = opened(folder);
    first.store.events.append(eventOf(1));
    first.store.minutes.write([MINUTE]);
    first.store.close();
    const { store, troubles } = opened(folder);
    expect([store.events.lastSeq, store.events.newest(10), troubles]).toEqual([1, [eventOf(1)], []]);
    expect(store.minutes.at(60)).toEqual([MINUTE]);
    store.close();
  });

  it.each([
    [
      'is no database',
      (path: string) => writeFileSync(path, 'not a database at all, but long enough'.repeat(40)),
    ],
    ['was cut off', (path: string) => truncateSync(path, 8_192)],
    [
      'is broken inside',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 4_096, 12_288);
        writeFileSync(path, bytes);
      },
    ],
  ])('moves aside a file that %s, says so, and begins anew', (_, spoil) => {
    const folder = newFolder();
    const first = opened(folder);
    for (let seq = 1; seq <= 200; seq++) first.store.events.append(eventOf(seq));
    first.store.close();
    spoil(join(folder, 'switchgear.db'));
    const { store, troubles } = opened(folder);
    const moved = join(folder, 'switchgear.db.broken-1700000000000');
    expect(troubles).toEqual([`moved_aside: the database could not be read; it was moved to ${moved}`]);
    expect([existsSync(moved), store.events.lastSeq]).toEqual([true, 0]);
    store.events.append(eventOf(1));
    store.close();
    expect(opened(folder).store.events.lastSeq).toBe(1);
  });

  it('plays nothing of the log of a broken file into the new one', () => {
    const [killed, folder] = [newFolder(), newFolder()];
    const first = opened(killed);
    for (let seq = 1; seq <= 200; seq++) first.store.events.append(eventOf(seq));
    first.store.close();
    const second = opened(killed);
    second.store.events.append(eventOf(201));
    // As after a kill: the last event is in the log, and not yet in the file.
    for (const suffix of ['', '-wal']) {
      copyFileSync(join(killed, `switchgear.db${suffix}`), join(folder, `switchgear.db${suffix}`));
    }
    second.store.close();
    const bytes = readFileSync(join(folder, 'switchgear.db'));
    writeFileSync(join(folder, 'switchgear.db'), bytes.fill(0xa5, 4_096));
    const { store, troubles } = opened(folder);
    expect([troubles.length, store.events.lastSeq]).toEqual([1, 0]);
    store.close();
    expect(opened(folder).troubles).toEqual([]);
  });

  it('leaves the database of a newer version alone, and goes on in memory', () => {
    const folder = newFolder();
    const newer = new DatabaseSync(join(folder, 'switchgear.db'));
    newer.exec('PRAGMA user_version = 999; CREATE TABLE holds (name TEXT)');
    newer.close();
    const { store, troubles } = opened(folder);
    expect(troubles).toEqual([
      expect.stringMatching(/^unusable: the database has version 999, .* in memory only$/),
    ]);
    store.events.append(eventOf(1));
    expect(store.events.lastSeq).toBe(1);
    store.close();
    expect(readdirSync(folder).filter((name) => name.includes('broken'))).toEqual([]);
    const kept = new DatabaseSync(join(folder, 'switchgear.db'));
    expect(kept.prepare('PRAGMA user_version').get()).toEqual({ user_version: 999 });
    kept.close();
  });

  it('numbers events in one row with a predecessor that still drains', () => {
    const folder = newFolder();
    const [predecessor, successor] = [opened(folder), opened(folder)];
    const next = ({ store }: typeof predecessor) => store.events.append(eventOf(store.events.lastSeq + 1));
    next(predecessor);
    next(successor);
    next(predecessor);
    next(successor);
    expect(successor.store.events.after(0, 10).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect([...predecessor.troubles, ...successor.troubles]).toEqual([]);
    predecessor.store.close();
    successor.store.close();
  });

  it('goes on counting when all it had was too old, and nothing has happened since', () => {
    const folder = newFolder();
    const first = opened(folder);
    first.store.events.append(eventOf(1));
    first.store.events.append(eventOf(2));
    first.store.events.prune(START_MS * 2);
    first.store.close();
    const { store } = opened(folder);
    expect(store.events.lastSeq).toBe(2);
    store.close();
  });

  it('goes on in memory where there is no folder', () => {
    const { store, troubles } = opened(join(newFolder(), 'not-there'));
    expect(troubles).toEqual([expect.stringMatching(/^unusable: /)]);
    store.events.append(eventOf(1));
    expect(store.events.lastSeq).toBe(1);
  });

  it('goes on in memory when the disk is full, saying so once, and never throws', () => {
    const folder = newFolder();
    const { store, troubles } = opened(folder);
    store.events.append(eventOf(1));
    store.minutes.write([MINUTE]);
    store.close();
    store.events.append(eventOf(2));
    store.events.append(eventOf(3));
    store.minutes.write([MINUTE]);
    store.minutes.prune(0);
    expect(store.minutes.at(60)).toEqual([]);
    expect(store.events.after(1, 10).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(troubles.map((trouble) => trouble.split(':')[0])).toEqual(['events', 'minutes']);
  });
});

describe('a guarded event store', () => {
  class Failing extends MemoryEventStore {
    isFull = false;
    override append(event: Parameters<MemoryEventStore['append']>[0]): void {
      if (this.isFull) throw new Error('database or disk is full');
      super.append(event);
    }
  }

  it('takes along the newest events, and counts on, when writing fails', () => {
    const disk = new Failing();
    const faults: unknown[] = [];
    const store = new GuardedEventStore(disk, (thrown) => faults.push(thrown));
    for (let seq = 1; seq <= 3; seq++) store.append(eventOf(seq));
    disk.isFull = true;
    store.append(eventOf(4));
    store.append(eventOf(5));
    expect(store.newest(10).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect([store.lastSeq, faults.length]).toEqual([5, 1]);
  });

  it('has the event that failed before it reports the fault', () => {
    const disk = new Failing();
    disk.isFull = true;
    let lastSeq = 0;
    const store = new GuardedEventStore(disk, () => {
      lastSeq = store.lastSeq;
    });
    store.append(eventOf(1));
    expect(lastSeq).toBe(1);
  });
});

describe('a guarded minute store', () => {
  it('tells a fault once until what failed went well again, whatever else goes well meanwhile', () => {
    let isFull = true;
    class Full extends MemoryMinuteStore {
      override write(rows: Parameters<MemoryMinuteStore['write']>[0]): void {
        if (isFull) throw new Error('database or disk is full');
        super.write(rows);
      }
    }
    let faults = 0;
    const store = new GuardedMinuteStore(new Full(), () => {
      faults += 1;
    });
    for (let i = 0; i < 3; i++) {
      store.write([MINUTE]);
      store.at(60);
    }
    expect(faults).toBe(1);
    isFull = false;
    store.write([MINUTE]);
    isFull = true;
    store.write([MINUTE]);
    expect(faults).toBe(2);
  });
});
