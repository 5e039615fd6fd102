import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { niceTop, timeTicks } from '#components/charts/axis.ts';
import { MAX_LABEL_LINES, marksOf } from '#components/charts/marks.ts';
import { sparkPath } from '#components/charts/spark-path.ts';
import { summaryOf } from '#components/charts/summary.ts';
import { transitionSchema } from '#lib/contracts/breakers.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { AT_MS, later, transitionWith } from '../../support/snapshot-fixture.ts';

const MINUTE = 60_000;

describe('an axis of values', () => {
  it('ends at a round number that holds the largest value, and wastes no more than half', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (largest) => {
        const top = niceTop(largest);
        expect(top).toBeGreaterThanOrEqual(largest * (1 - 1e-9));
        expect(top).toBeLessThanOrEqual(largest * 2.01);
      }),
    );
  });

  it('has room for nothing at all', () => expect(niceTop(0)).toBe(1));
});

describe('an axis of time', () => {
  it.each([2, 15, 60, 1_440, 10_080])('of %s minutes has some round times, all within it', (minutes) => {
    const from = AT_MS + 12_345;
    const to = from + minutes * MINUTE;
    const ticks = timeTicks(from, to, 4);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(6);
    expect(ticks.every((at) => at >= from && at <= to && new Date(at).getMilliseconds() === 0)).toBe(true);
    expect(new Set(ticks.slice(1).map((at, index) => at - (ticks[index] ?? 0))).size).toBe(1);
  });
});

describe('the outline of a small trend', () => {
  it('of a small trend begins with the first value', () => {
    expect(sparkPath([null, null, 0, 4], 100, 23).line).toBe('M0 21.5L100 1.5');
    expect(sparkPath([], 100, 23)).toEqual({ line: '', area: '' });
  });
});

describe('the marks of a chart', () => {
  const opened = (seq: number, seconds: number, component = 'a.chat'): LoggedEvent => ({
    seq,
    at: later(seconds),
    type: 'breaker_failure_rate',
    component,
    detail: transitionSchema.parse(transitionWith({ component, at: later(seconds) })),
  });

  it('are only of what explains a curve, and in the range', () => {
    const events: LoggedEvent[] = [
      { seq: 1, at: later(10), type: 'session_opened', detail: null },
      { seq: 2, at: later(20), type: 'breaker_open_elapsed', component: 'a.chat', detail: null },
      opened(3, 300),
      opened(4, 9_000),
    ];
    expect(marksOf(events, AT_MS, AT_MS + 15 * MINUTE)).toEqual([
      { atMs: AT_MS + 300_000, label: 'a.chat opened', tone: 'bad', more: 0, late: false, line: 0 },
    ]);
  });

  it('that fall together are one: the worst, and how many more', () => {
    const reload: LoggedEvent = { seq: 1, at: later(299), type: 'config_reloaded', detail: null };
    const [mark, ...rest] = marksOf(
      [reload, opened(2, 300), opened(3, 301, 'b.chat')],
      AT_MS,
      AT_MS + 15 * MINUTE,
    );
    expect(rest).toEqual([]);
    expect(mark).toMatchObject({ label: 'a.chat opened', more: 2, tone: 'bad' });
  });

  it('never put a label upon another', () => {
    const at = fc.integer({ min: 0, max: 899 });
    fc.assert(
      fc.property(fc.array(at, { maxLength: 40 }), (seconds) => {
        const events = seconds.toSorted((a, b) => a - b).map((second, index) => opened(index, second));
        const marks = marksOf(events, AT_MS, AT_MS + 15 * MINUTE);
        const spans = marks.map(({ atMs, line }) => {
          const x = (atMs - AT_MS) / (15 * MINUTE);
          const width = 13 * 0.026;
          return { line, start: x > 0.5 ? x - width : x, end: x > 0.5 ? x : x + width };
        });
        for (const [index, span] of spans.entries()) {
          if (span.line === null) continue;
          expect(span.line).toBeLessThan(MAX_LABEL_LINES);
          const same = spans.slice(index + 1).filter(({ line }) => line === span.line);
          expect(same.every(({ start, end }) => end <= span.start || start >= span.end)).toBe(true);
        }
      }),
    );
  });
});

describe('a chart in words', () => {
  it('tells the present, the lowest and the highest value, or that there is none', () => {
    const series = [
      { name: 'a', label: 'p50', color: 'red', kind: 'line' },
      { name: 'b', label: 'p99', color: 'red', kind: 'line' },
    ] as const;
    const text = summaryOf(series, { values: { a: [3, 1, null, 2], b: [null] } }, (value) => `${value} ms`);
    expect(text).toBe('p50: now 2 ms, lowest 1 ms, highest 3 ms; p99: nothing measured.');
  });
});
