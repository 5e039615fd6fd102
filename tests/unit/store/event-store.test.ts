import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '#lib/store/database.ts';
import { type EventStore, MAX_EVENTS } from '#lib/store/event-store.ts';
import { MemoryEventStore } from '#lib/store/memory-event-store.ts';
import { SqliteEventStore } from '#lib/store/sqlite-event-store.ts';
import { eventOf, START_MS, scratch } from './support.ts';

const folder = scratch();
const sqlite = (): EventStore =>
  new SqliteEventStore(openDatabase(mkdtempSync(join(folder, 'db-')), Date.now).database);

describe.each([
  ['in memory', () => new MemoryEventStore()],
  ['in SQLite', sqlite],
])('an event store %s', (_, make) => {
  const filled = (count: number): EventStore => {
    const store = make();
    for (let seq = 1; seq <= count; seq++) store.append(eventOf(seq));
    return store;
  };
  const seqs = (events: { seq: number }[]) => events.map(({ seq }) => seq);

  it('is empty at first', () => {
    const store = make();
    expect([store.lastSeq, store.oldestSeq]).toEqual([0, 0]);
    expect([store.after(0, 10), store.newest(10), store.between(0, START_MS * 2, 10)]).toEqual([[], [], []]);
  });

  it('gives back what it was given', () => {
    const store = make();
    const full = eventOf(1, { component: 'up.chat', by: 'local', detail: { a: [1, 'ä', null] } });
    store.append(full);
    store.append(eventOf(2));
    expect(store.after(0, 10)).toEqual([full, eventOf(2)]);
  });

  it('pages forward after a number, and backward from the newest, always in order', () => {
    const store = filled(10);
    expect(seqs(store.after(0, 4))).toEqual([1, 2, 3, 4]);
    expect(seqs(store.after(4, 4))).toEqual([5, 6, 7, 8]);
    expect(seqs(store.after(10, 4))).toEqual([]);
    expect(seqs(store.newest(3))).toEqual([8, 9, 10]);
    expect([store.lastSeq, store.oldestSeq]).toEqual([10, 1]);
  });

  it('gives the newest of a stretch of time, its end not included', () => {
    const store = filled(10);
    expect(seqs(store.between(START_MS + 2_000, START_MS + 6_000, 10))).toEqual([2, 3, 4, 5]);
    expect(seqs(store.between(START_MS + 2_000, START_MS + 6_000, 2))).toEqual([4, 5]);
  });

  it('finds what somebody did', () => {
    const store = make();
    store.append(eventOf(1, { type: 'breaker_trip', by: 'loopback' }));
    store.append(eventOf(2, { type: 'breaker_failure_rate' }));
    store.append(eventOf(3, { type: 'operator_purge', by: 'token' }));
    expect(seqs(store.newest(10, { acts: true }))).toEqual([1, 3]);
    expect(seqs(store.after(1, 10, { acts: true, type: 'operator_*' }))).toEqual([3]);
  });

  it('filters by component, type, and the beginning of a type', () => {
    const store = make();
    store.append(eventOf(1, { component: 'a.chat', type: 'breaker_trip' }));
    store.append(eventOf(2, { component: 'b.chat', type: 'breaker_reset' }));
    store.append(eventOf(3, { type: 'config_reloaded' }));
    store.append(eventOf(4, { component: 'a.chat', type: 'breakerless' }));
    expect(seqs(store.after(0, 10, { component: 'a.chat' }))).toEqual([1, 4]);
    expect(seqs(store.newest(10, { type: 'breaker_*' }))).toEqual([1, 2]);
    expect(seqs(store.newest(1, { type: 'breaker_*' }))).toEqual([2]);
    expect(seqs(store.newest(10, { type: 'breaker_trip', component: 'b.chat' }))).toEqual([]);
    expect(seqs(store.newest(10, { type: 'breaker%' }))).toEqual([]);
  });

  it('forgets what is too old, but never the newest, and goes on counting', () => {
    const store = filled(5);
    store.prune(START_MS + 3_000);
    expect([store.oldestSeq, store.lastSeq, seqs(store.after(0, 10))]).toEqual([3, 5, [3, 4, 5]]);
    store.prune(START_MS + 60_000);
    expect([store.oldestSeq, store.lastSeq, seqs(store.newest(10))]).toEqual([5, 5, [5]]);
    store.append(eventOf(6));
    expect([store.oldestSeq, seqs(store.after(2, 10))]).toEqual([5, [5, 6]]);
  });

  it('loses none of what follows when a clock that was set has left a gap', () => {
    const store = make();
    const ofTomorrow = new Date(START_MS + 86_400_000).toISOString();
    store.append(eventOf(1, { at: ofTomorrow }));
    for (const seq of [2, 3, 4, 5, 6]) store.append(eventOf(seq));
    store.prune(START_MS + 5_000);
    expect(seqs(store.after(0, 10))).toEqual([1, 5, 6]);
    expect(seqs(store.after(3, 10))).toEqual([5, 6]);
    expect(seqs(store.after(5, 10))).toEqual([6]);
  });

  it('keeps no more than it may', () => {
    const store = filled(MAX_EVENTS + 3);
    store.prune(0);
    expect([store.oldestSeq, store.lastSeq]).toEqual([4, MAX_EVENTS + 3]);
  });
});

describe('the two event stores', () => {
  it('answer alike, whatever they hold and are asked', () => {
    const event = fc.record(
      { component: fc.constantFrom('a', 'b', 'A%'), type: fc.constantFrom('x_one', 'x_two', 'y', 'x*') },
      { requiredKeys: ['type'] },
    );
    const filter = fc.record(
      {
        component: fc.constantFrom('a', 'b', 'c', 'A%'),
        type: fc.constantFrom('x_*', 'x_one', '*', 'X_*', 'y'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 30 }),
        filter,
        fc.integer({ min: 0, max: 35 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 35 }),
        (events, asked, seq, limit, forgotten) => {
          const stores = [new MemoryEventStore(), sqlite()];
          for (const store of stores) {
            for (const [index, more] of events.entries()) store.append(eventOf(index + 1, more));
            store.prune(START_MS + forgotten * 1_000);
          }
          const [memory, onDisk] = stores.map((store) => [
            store.lastSeq,
            store.oldestSeq,
            store.after(seq, limit, asked),
            store.newest(limit, asked),
            store.between(START_MS + seq * 1_000, START_MS + (seq + limit) * 1_000, limit),
          ]);
          expect(onDisk).toEqual(memory);
        },
      ),
      { numRuns: 40 },
    );
  });
});
