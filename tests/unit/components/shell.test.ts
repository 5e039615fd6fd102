import { describe, expect, it } from 'vitest';
import { changesBetween } from '#components/shell/changes.ts';
import { headlineOf } from '#components/shell/headline.ts';
import {
  AT,
  componentWith,
  heldOpen,
  snapshotWith,
  trafficWith,
  windowWith,
} from '../../support/snapshot-fixture.ts';

const served = trafficWith({ requests: 40, requests_per_s: 0.7, served_rate: 1 }, { upstream: 40 });

describe('the first sentence', () => {
  it('says that all is well, without the sandbox', () => {
    const components = [componentWith('a.chat'), componentWith('test', { state: 'open' })];
    const snapshot = snapshotWith({ components, traffic: { minute: served, recent: served } });
    expect(headlineOf(snapshot)).toEqual({
      tone: 'good',
      what: 'All is well, 1 components closed',
      since: null,
      callers: 'callers notice nothing: every valid call of the last minute was served',
    });
  });

  it('counts those that are not shown', () => {
    const snapshot = snapshotWith({ components: [componentWith('a.chat', { state: 'open' })] });
    const totals = { ...snapshot.totals, components: 2_001, not_closed: 1_500 };
    expect(headlineOf({ ...snapshot, totals }).what).toBe('a.chat is open, 1\u202f499 more not closed');
    const well = snapshotWith({
      components: [componentWith('a.chat')],
      traffic: { minute: served, recent: served },
    });
    expect(headlineOf({ ...well, totals: { ...well.totals, components: 2_001 } }).what).toContain(
      '2\u202f000',
    );
  });

  it('names the worst, since when, and how many more there are', () => {
    const components = [
      componentWith('a.chat', { state: 'half_open' }),
      componentWith('b.chat', { state: 'open' }),
      componentWith('c.chat'),
    ];
    expect(headlineOf(snapshotWith({ components }))).toMatchObject({
      tone: 'bad',
      what: 'b.chat is open, 1 more not closed',
      since: AT,
    });
  });

  it('tells an operator’s hold from what traffic did', () => {
    const components = [componentWith('a.chat', heldOpen())];
    expect(headlineOf(snapshotWith({ components }))).toMatchObject({
      tone: 'held',
      what: 'a.chat is held open',
    });
  });

  it('says what callers notice', () => {
    const minute = trafficWith({ requests: 10, served_rate: 0.6 }, { upstream: 6, refused: 3, failed: 1 });
    const snapshot = snapshotWith({ traffic: { minute, recent: minute } });
    expect(headlineOf(snapshot)).toMatchObject({
      what: 'Some calls were not served',
      callers: 'callers notice: 3 refused, 1 failed in the last minute, 60.0\u202f% served',
    });
  });

  it('claims no service where no call could be served', () => {
    const minute = trafficWith(
      { requests: 5, served_rate: null },
      { upstream: 0, rejected: 4, cancelled: 1 },
    );
    const { callers } = headlineOf(snapshotWith({ traffic: { minute, recent: minute } }));
    expect(callers).toBe('no call of the last minute could be served: all were at fault themselves or left');
  });

  it('tells of failures before they open anything', () => {
    const window = windowWith({ calls: 20, failures: 4, failure_rate: 0.2 });
    const what = headlineOf(snapshotWith({ components: [componentWith('a.chat', { window })] })).what;
    expect(what).toBe('a.chat fails 20.0\u202f% of its calls, opens at 50 %');
  });

  it('puts an unready server before all else', () => {
    const readiness = { ready: false, reasons: ['no upstream'] };
    const components = [componentWith('a.chat', { state: 'open' })];
    expect(headlineOf(snapshotWith({ readiness, components })).what).toBe('Not ready: no upstream');
  });
});

describe('what is read out', () => {
  it('is each change of state or hold, and nothing else', () => {
    const before = [componentWith('a'), componentWith('b'), componentWith('c')];
    const after = [
      componentWith('a', { rate_per_s: 7 }),
      componentWith('b', { state: 'half_open' }),
      componentWith('c', heldOpen()),
      componentWith('new', { state: 'open' }),
    ];
    expect(changesBetween(before, after)).toEqual(['b is half-open', 'c is held open']);
    // Where not all are shown, one that comes was not shown because all was well with it.
    expect(changesBetween(before, after, true)).toContain('new is open');
  });
});
