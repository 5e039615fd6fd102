import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '#lib/store/database.ts';
import { MemoryMinuteStore } from '#lib/store/memory-minute-store.ts';
import type { MinuteRow, MinuteStore } from '#lib/store/minute-store.ts';
import { SqliteMinuteStore } from '#lib/store/sqlite-minute-store.ts';
import { scratch } from './support.ts';

const folder = scratch();
const MINUTE_S = 1_772_359_200;
const row = (minute: number, scope = 'gateway', body = [minute]): MinuteRow => ({
  minuteS: MINUTE_S + minute * 60,
  scope,
  measuredMs: 59_998.5,
  body: Uint8Array.from(body),
});
const minutes = (rows: MinuteRow[]) => rows.map(({ minuteS }) => (minuteS - MINUTE_S) / 60);

describe.each([
  ['in memory', (): MinuteStore => new MemoryMinuteStore()],
  [
    'in SQLite',
    (): MinuteStore =>
      new SqliteMinuteStore(openDatabase(mkdtempSync(join(folder, 'db-')), Date.now).database),
  ],
])('a minute store %s', (_, make) => {
  it('gives back all rows of a minute as they were', () => {
    const store = make();
    const rows = [row(0), row(0, 'component:up.chat', [0, 255, 7])];
    store.write([...rows, row(1)]);
    expect(store.at(MINUTE_S).toSorted((a, b) => b.scope.localeCompare(a.scope))).toEqual(rows);
    expect(store.at(MINUTE_S + 120)).toEqual([]);
  });

  it('puts a row in the place of an older one of the same minute and scope', () => {
    const store = make();
    store.write([row(0, 'gateway', [1]), row(0, 'process', [2])]);
    store.write([row(0, 'gateway', [3])]);
    expect(
      store
        .at(MINUTE_S)
        .map(({ scope, body }) => [scope, ...body])
        .toSorted(),
    ).toEqual([
      ['gateway', 3],
      ['process', 2],
    ]);
  });

  it('reads one scope in order, from a minute until before another, at most so many', () => {
    const store = make();
    store.write([row(3), row(1), row(0), row(2), row(1, 'process')]);
    const read = (from: number, to: number, limit: number) =>
      minutes(store.read('gateway', MINUTE_S + from * 60, MINUTE_S + to * 60, limit));
    expect(read(0, 3, 10)).toEqual([0, 1, 2]);
    expect(read(1, 9, 2)).toEqual([1, 2]);
    expect(read(4, 9, 10)).toEqual([]);
  });

  it('forgets what began before', () => {
    const store = make();
    store.write([row(0), row(1), row(2)]);
    store.prune(MINUTE_S + 60);
    expect(minutes(store.read('gateway', 0, MINUTE_S * 2, 10))).toEqual([1, 2]);
  });
});
