import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { UsageRow } from '#lib/allocation/usage.ts';
import { openMemory } from '#lib/store/database.ts';
import { UsageStore } from '#lib/store/usage-store.ts';

const row = (series: string, atS: number, requests = 1): UsageRow => ({
  series,
  atS,
  lastsS: 60,
  requests,
  demand: null,
  responseMs: 12.5,
});
const never = () => {
  throw new Error('there is no fault to tell of');
};

it('gives rows back as they were, by time, and keeps what was there before', () => {
  const store = new UsageStore(openMemory(), never);
  expect(store.write([row('b', 60), row('a', 60), row('a', 0)])).toBe(3);
  expect(store.write([row('a', 60, 99), row('a', 120)])).toBe(1);
  expect(store.read(0, 120)).toEqual([row('a', 0), row('a', 60), row('b', 60)]);
});

it('knows how many stretches it has, whatever was written and pruned', () => {
  const steps = fc.oneof(
    fc.record({ prune: fc.nat(20) }),
    fc.record({ series: fc.constantFrom('a', 'b'), from: fc.nat(20), count: fc.integer({ min: 1, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 20 }), (all) => {
      const store = new UsageStore(openMemory(), never);
      for (const step of all) {
        if ('prune' in step) store.prune(step.prune);
        else store.write(Array.from({ length: step.count }, (_, at) => row(step.series, step.from + at)));
        expect(store.stretches).toBe(new Set(store.read(0, 1_000).map(({ atS }) => atS)).size);
      }
    }),
    { numRuns: 60 },
  );
});

it('tells of a fault once, and goes on without', () => {
  const database = openMemory();
  const faults: unknown[] = [];
  const store = new UsageStore(database, (thrown) => faults.push(thrown));
  database.close();
  expect([store.write([row('a', 0)]), store.read(0, 10), store.stretches]).toEqual([0, [], 0]);
  expect(faults).toHaveLength(1);
});
