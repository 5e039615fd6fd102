import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Source } from '#components/live/reconnecting-source.ts';
import { MAX_ROWS, RowRings } from '#components/live/row-rings.ts';
import { continued, rangeOf } from '#components/live/series.ts';
import { statusOf, statusText } from '#components/live/status.ts';
import type { History } from '#lib/contracts/history.ts';
import type { Row } from '#lib/contracts/snapshot.ts';
import { AT, AT_MS, later } from '../../support/snapshot-fixture.ts';

const row = (seconds: number, value: number | null, step_s = 5): Row => ({
  step_s,
  at: later(seconds),
  values: { a: value },
});
const frame = (seq: number, rows: Row[] = [], started_at = AT) => ({ seq, started_at, rows });

describe('the rings of buckets', () => {
  it('keep each step’s newest, up to a bound', () => {
    const rings = new RowRings();
    for (let seq = 1; seq <= MAX_ROWS + 10; seq += 1) rings.take(frame(seq, [row(seq, seq, 1)]));
    const kept = rings.of(1);
    expect(kept).toHaveLength(MAX_ROWS);
    expect(kept.at(-1)?.values).toEqual({ a: MAX_ROWS + 10 });
    expect([rings.of(5), rings.of(7)]).toEqual([[], []]);
  });

  it('begin anew, and say so, when a snapshot was missed or the server is another', () => {
    const rings = new RowRings();
    rings.take(frame(1, [row(0, 1)]));
    const { generation } = rings;
    rings.take(frame(2, [row(5, 2)]));
    expect(rings.generation).toBe(generation);
    rings.take(frame(4, [row(15, 4)]));
    expect(rings.generation).toBe(generation + 1);
    expect(rings.of(5)).toHaveLength(1);
    rings.take(frame(5, [], later(100)));
    expect(rings.generation).toBe(generation + 2);
    expect(rings.of(5)).toEqual([]);
  });

  it('take the first snapshot twice without a gap', () => {
    const rings = new RowRings();
    rings.take(frame(1));
    const { generation } = rings;
    rings.take(frame(1));
    rings.take(frame(2));
    expect(rings.generation).toBe(generation);
  });

  it('stand still in a pause while they go on', () => {
    const rings = new RowRings();
    rings.take(frame(1, [row(0, 1)]));
    const frozen = rings.frozen();
    rings.take(frame(2, [row(5, 2)]));
    rings.take(frame(9, [row(40, 9)]));
    expect(frozen.of(5).map(({ values }) => values.a)).toEqual([1]);
    expect(frozen.generation).toBe(1);
  });
});

describe('a history, continued', () => {
  const range = rangeOf('15m');
  const history = (values: (number | null)[], partial: boolean): History => ({
    from: AT,
    to: later(values.length * 5),
    step_s: 5,
    times: values.map((_, index) => later(index * 5)),
    partial,
    series: { a: { unit: 'ms', values } },
    events: [],
  });
  const kept = (...rows: Row[]) => rows.map(({ at, values }) => ({ atMs: Date.parse(at), values }));

  it('takes the rows that follow, once each, and gaps as they are', () => {
    const rows = kept(row(5, 9), row(10, 3), row(15, null), row(20, 5));
    const points = continued(history([1, 2], false), rows, ['a'], range, AT_MS + 25_000);
    expect(points.values.a).toEqual([1, 2, 3, null, 5]);
    expect(points.timesMs).toHaveLength(5);
  });

  it('takes the finished bucket for the one that was not over', () => {
    const points = continued(history([1, 2, 0], true), kept(row(10, 7)), ['a'], range, AT_MS + 15_000);
    expect(points).toMatchObject({ values: { a: [1, 2, 7] }, partial: false });
    expect(continued(history([1, 2, 0], true), [], ['a'], range, AT_MS + 15_000)).toMatchObject({
      values: { a: [1, 2, 0] },
      partial: true,
    });
  });

  it('forgets what has left the range, wherever it came from', () => {
    const rows = kept(row(10, 3), row(15, 4));
    const points = continued(history([1, 2], false), rows, ['a'], range, AT_MS + 912_000);
    expect(points.values.a).toEqual([4]);
  });

  it('ends with a pause', () => {
    const rows = kept(row(10, 3), row(15, 4));
    expect(continued(history([1, 2], false), rows, ['a'], range, AT_MS + 15_000).values.a).toEqual([1, 2, 3]);
  });

  it('falls back to the default range', () => {
    expect([rangeOf('nonsense').key, rangeOf(null).key, rangeOf('7d').key]).toEqual(['15m', '15m', '7d']);
  });
});

describe('how fresh the page is', () => {
  const given = { paused: false, connected: true, outdated: false, ageMs: 0 };

  it('is stale after three missed snapshots, whatever came before', () => {
    expect(statusOf({ ...given, ageMs: 3_000 })).toBe('live');
    expect(statusOf({ ...given, ageMs: 3_001 })).toBe('stale');
    expect(statusOf({ ...given, connected: false })).toBe('connecting');
    expect(statusOf({ ...given, connected: false, ageMs: 9_000 })).toBe('stale');
    expect(statusOf({ ...given, paused: true, ageMs: 9_000 })).toBe('paused');
    expect(statusOf({ ...given, outdated: true, paused: true })).toBe('outdated');
  });

  it('is told in words', () => {
    expect(statusText('stale', 12_000)).toBe('Stale · last data 12\u202fs ago');
  });
});

describe('the stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  class Fake implements Source {
    static made: Fake[] = [];
    onmessage: Source['onmessage'] = null;
    onerror: Source['onerror'] = null;
    readyState = 1;
    closed = false;
    constructor() {
      Fake.made.push(this);
    }
    close() {
      this.closed = true;
    }
    fail(readyState: number) {
      this.readyState = readyState;
      this.onerror?.();
    }
  }

  function begin() {
    Fake.made = [];
    const got: string[] = [];
    let lost = 0;
    const end = connect('/api/stream', {
      onData: (data) => got.push(data),
      onLost: () => {
        lost += 1;
      },
      open: () => new Fake(),
    });
    return { got, end, lost: () => lost };
  }

  it('leaves a broken connection to the browser', () => {
    const { lost } = begin();
    Fake.made[0]?.fail(0);
    vi.advanceTimersByTime(60_000);
    expect([Fake.made.length, lost()]).toEqual([1, 1]);
  });

  it('is made anew when the browser has given up, later each time, five seconds at most', () => {
    const { got } = begin();
    const waits = [1_000, 2_000, 4_000, 5_000, 5_000];
    for (const [index, wait] of waits.entries()) {
      Fake.made[index]?.fail(2);
      vi.advanceTimersByTime(wait - 1);
      expect(Fake.made).toHaveLength(index + 1);
      vi.advanceTimersByTime(1);
      expect(Fake.made).toHaveLength(index + 2);
    }
    Fake.made.at(-1)?.onmessage?.({ data: 'x' });
    expect(got).toEqual(['x']);
    Fake.made.at(-1)?.fail(2);
    vi.advanceTimersByTime(1_000);
    expect(Fake.made).toHaveLength(waits.length + 2);
  });

  it('begins anew at once when something is missing', () => {
    Fake.made = [];
    const end = connect('/api/stream', {
      onData: (data) => data !== 'gap',
      onLost: () => {},
      open: () => new Fake(),
    });
    Fake.made[0]?.onmessage?.({ data: 'x' });
    expect(Fake.made).toHaveLength(1);
    Fake.made[0]?.onmessage?.({ data: 'gap' });
    expect(Fake.made.map(({ closed }) => closed)).toEqual([true, false]);
    end();
    expect(Fake.made[1]?.closed).toBe(true);
  });

  it('ends with the page, and is not made again', () => {
    const { end } = begin();
    Fake.made[0]?.fail(2);
    end();
    vi.advanceTimersByTime(60_000);
    expect([Fake.made.length, Fake.made[0]?.closed]).toEqual([1, true]);
  });
});
