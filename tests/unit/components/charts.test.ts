import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { niceTop, timeTicks } from '#components/charts/axis.ts';
import { MAX_LABEL_LINES, marksOf } from '#components/charts/marks.ts';
import { curveOf, largestOf, nearest, SPACE, stackOf, stepsOf } from '#components/charts/plot-path.ts';
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

describe('the outline of a curve', () => {
  const frame = { fromMs: 0, toMs: 4, top: 10 };

  it('leaves gaps as gaps, and shows a lonely point as a dot', () => {
    expect(curveOf([0, 1, 2, 3], [0, 10, null, 5], frame)).toEqual({
      sure: 'M0 1000L250 0M750 500h0',
      unsure: '',
    });
  });

  it('draws what stands on few samples apart, and joined to the rest', () => {
    const { sure, unsure } = curveOf([0, 1, 2, 3], [0, 10, 10, 10], frame, (index) => index === 2);
    expect(sure).toBe('M0 1000L250 0');
    expect(unsure).toBe('M250 0L500 0L750 0');
  });

  it('holds a step until the next one, and to the end', () => {
    expect(stepsOf([0, 2], [10, 0], frame)).toBe('M0 0H500V1000H1000');
  });

  it('puts areas one upon another', () => {
    const [first, second] = stackOf(
      [0, 2],
      [
        [5, 5],
        [5, 0],
      ],
      frame,
    );
    expect(first).toBe('M0 500L500 500L500 1000L0 1000Z');
    expect(second).toBe('M0 0L500 500L500 500L0 500Z');
  });

  it('takes a missing part of a stack for nothing, and a missing whole for a gap', () => {
    const [first = ''] = stackOf(
      [0, 1, 2, 3],
      [
        [1, null, null, 1],
        [1, 1, null, 1],
      ],
      frame,
    );
    expect(first.match(/M/g)).toHaveLength(2);
  });

  it('never leaves its room', () => {
    const value = fc.option(fc.double({ min: -5, max: 50, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), (values) => {
        const times = values.map((_, index) => (index / values.length) * 4);
        const { sure, unsure } = curveOf(times, values, frame, (index) => index % 3 === 0);
        const numbers = `${sure}${unsure}`.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
        expect(numbers.every((each) => each >= 0 && each <= SPACE)).toBe(true);
      }),
    );
  });

  it('is as high as the highest sum', () => {
    expect(
      largestOf(
        [
          [1, 2],
          [1, null],
        ],
        [[null, 3]],
      ),
    ).toBe(3);
    expect(largestOf([], [])).toBe(0);
  });

  it('finds the point below the pointer', () => {
    expect([0, 0.3, 1].map((share) => nearest([0, 1, 2, 3], share, frame))).toEqual([0, 1, 3]);
    expect(nearest([], 0.5, frame)).toBeNull();
  });

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
      { atMs: AT_MS + 300_000, label: 'a.chat opened', tone: 'bad', more: 0, line: 0 },
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
