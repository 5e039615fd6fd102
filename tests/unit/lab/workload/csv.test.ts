import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecording, recordedArrivals, recordedRateAt } from '#lib/lab/workload/csv.ts';

const csvArrivals = (csv: string, seed: number) => [...recordedArrivals(readRecording(csv), seed)];

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
    ['timestamp,requests\n1,9999999999', /line 2: "9999999999" .* from 0 to 1000000000/],
  ])('refuse %j by name', (csv, message) => {
    expect(() => csvArrivals(csv, 1)).toThrow(message);
  });

  it('are uniform over the time of a line', () => {
    const offsets = csvArrivals('timestamp,requests\n0,10000\n100,0\n', 3);
    // Kolmogorov and Smirnov: 1.95 / √n is exceeded once in a thousand, and the seed is fixed.
    const distance = Math.max(...offsets.map((at, index) => Math.abs(at / 100_000 - index / offsets.length)));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(offsets.length));
  });

  it('begin at once, however many a line holds', () => {
    const recording = readRecording('timestamp,requests\n0,900000000\n600,1\n');
    expect(recording.requests).toBe(900_000_001);
    expect(recordedArrivals(recording, 1).next().value).toBeLessThan(1);
  });

  it('are read with quotes, a byte order mark and Windows line ends, and as UTC without a zone', () => {
    const csv = '\uFEFF"Timestamp","requests"\r\n"2026-03-29T01:30:00",1\r\n2026-03-29T03:30:00+01:00,1\r\n';
    expect(readRecording(csv).stretches.map(({ fromMs }) => fromMs)).toEqual([0, 3_600_000]);
  });

  it('have the rate of the line that they are in, and none after the last', () => {
    const recording = readRecording('timestamp,requests\n0,20\n10,50\n20,0\n40,10\n');
    const rates = [0, 9_999, 10_000, 25_000, 40_000, 60_000];
    expect(rates.map((at) => recordedRateAt(recording, at))).toEqual([2, 2, 5, 0, 0.5, 0]);
    expect(recording.lastsMs).toBe(60_000);
  });

  const traces = join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'traces');
  it.skipIf(!existsSync(traces))('are read from real traces', () => {
    for (const name of readdirSync(traces).filter((file) => file.endsWith('.csv'))) {
      const csv = readFileSync(join(traces, name), 'utf8');
      const rows = csv.trim().split('\n').slice(1);
      const requests = rows.reduce((sum, row) => sum + Number(row.split(',')[1]), 0);
      expect(readRecording(csv).requests).toBe(requests);
    }
  });
});
