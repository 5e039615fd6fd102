import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '#lib/store/database.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';
import { GuardedDocumentStore } from '#lib/store/guarded.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';
import { SqliteDocumentStore } from '#lib/store/sqlite-document-store.ts';
import { scratch } from './support.ts';

const folder = scratch();
const database = () => openDatabase(mkdtempSync(join(folder, 'db-')), Date.now).database;

describe.each([
  ['in memory', (): DocumentStore => new MemoryDocumentStore()],
  ['in SQLite', (): DocumentStore => new SqliteDocumentStore(database(), 'breaker')],
])('a document store %s', (_, make) => {
  it('gives back what was written last, and nothing of what was removed', () => {
    const store = make();
    store.write('a', '1');
    store.write('a', '2');
    store.write('b', '3');
    store.remove('b');
    expect([store.read('a'), store.read('b'), store.read('c')]).toEqual(['2', null, null]);
  });

  it('lists the most recently written first, and forgets the others', () => {
    const store = make();
    for (const name of ['a', 'b', 'c', 'a']) store.write(name, name.toUpperCase());
    expect(store.newest(2)).toEqual(['A', 'C']);
    store.keepNewest(2);
    expect([store.newest(9), store.read('b')]).toEqual([['A', 'C'], null]);
  });
});

it('kinds of documents do not see each other', () => {
  const shared = database();
  const [breakers, drills] = [
    new SqliteDocumentStore(shared, 'breaker'),
    new SqliteDocumentStore(shared, 'drill'),
  ];
  breakers.write('x', '1');
  drills.keepNewest(0);
  expect([breakers.read('x'), drills.read('x')]).toEqual(['1', null]);
});

it('a fault is told once, and again only after it went well', () => {
  const told: unknown[] = [];
  let broken = true;
  const memory = new MemoryDocumentStore();
  const failing = new Proxy(memory, {
    get:
      (target, key) =>
      (...given: string[]) => {
        if (broken) throw new Error('disk full');
        return Reflect.apply(Reflect.get(target, key), target, given);
      },
  });
  const store = new GuardedDocumentStore(failing, (thrown) => told.push(thrown));
  store.write('a', '1');
  expect([store.read('a'), store.newest(1), told.length]).toEqual([null, [], 1]);
  broken = false;
  store.write('a', '2');
  broken = true;
  store.remove('a');
  expect(told).toHaveLength(2);
});
