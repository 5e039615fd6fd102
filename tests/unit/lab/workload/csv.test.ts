import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvArrivals } from '#lib/lab/workload/csv.ts';

describe('arrivals from a CSV', () => {
  it('spread the requests of a line over the time to the next', () => {
    const offsets = csvArrivals('timestamp,requests\n0,2\n10,3\n20,0\n', 1);
    expect(offsets).toHaveLength(5);
    expect(offsets.filter((at) => at < 10_000)).toHaveLength(2);
    expect(offsets.every((at) => at < 20_000)).toBe(true);
  });

  it('take one request a line without that column, exactly when the line says', () => {
    const csv = 'model,timestamp\na,2023-11-16 18:15:46\nb,2023-11-16T18:15:50Z\n\n';
    expect(csvArrivals(csv, 1)[0]).toBeLessThan(4_000);
    expect(csvArrivals(csv, 1)).toHaveLength(2);
  });

  it('ascend, and are the same for the same seed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 50 }),
        fc.nat(),
        (counts, seed) => {
          fc.pre(counts.some((count) => count > 0));
          const csv = `timestamp,requests\n${counts.map((count, index) => `${index * 60},${count}`).join('\n')}`;
          const offsets = csvArrivals(csv, seed);
          expect(offsets).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
          expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
          expect(csvArrivals(csv, seed)).toEqual(offsets);
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([
    ['a,b\n1,2', /line 1: "a,b" is not allowed; the header must have a column timestamp/],
    ['timestamp,requests\nsoon,1', /line 2: "soon" is not allowed; timestamp must be ISO 8601/],
    ['timestamp,requests\n1,1\n2,-3', /line 3: "-3" is not allowed; requests must be a whole number/],
    ['timestamp,requests\n5,1\n4,1', /line 3: "4" is not allowed; times must ascend, and line 2 is later/],
    ['timestamp,requests\n1,0', /must have at least one request/],
    ['timestamp', /at least one line/],
    ['timestamp,requests\n1,999999999', /at most 1000000 requests/],
  ])('refuse %j by name', (csv, message) => {
    expect(() => csvArrivals(csv, 1)).toThrow(message);
  });

  const traces = join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'traces');
  it.skipIf(!existsSync(traces))('are read from a real trace', () => {
    const csv = readFileSync(join(traces, 'azure_llm2023_conv_1s.csv'), 'utf8');
    const rows = csv.trim().split('\n').slice(1);
    const requests = rows.reduce((sum, row) => sum + Number(row.split(',')[1]), 0);
    expect(csvArrivals(csv, 1)).toHaveLength(requests);
  });
});
