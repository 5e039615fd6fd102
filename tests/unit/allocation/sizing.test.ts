import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GradientLimit } from '#lib/allocation/gradient-limit.ts';
import type { Outlook } from '#lib/allocation/live/book.ts';
import { Replicas } from '#lib/allocation/replicas.ts';
import { Stepped } from '#lib/allocation/stepped.ts';
import { refusalOf, Target } from '#lib/allocation/target.ts';
import { type GapCosts, Ledger } from '#lib/allocation/warmth/ledger.ts';

const CEILING = 32;

describe('the latency limit', () => {
  const feed = (limit: GradientLimit, windows: number, meanMs: number, peak = CEILING, ceiling = CEILING) => {
    for (let each = 0; each < windows; each += 1) limit.observe(20, meanMs, peak, ceiling);
    return limit.limit;
  };

  it('stays at its ceiling while latency holds', () => {
    expect(feed(new GradientLimit(1, CEILING), 100, 50)).toBe(CEILING);
  });

  it('shrinks when latency rises, and grows again when it falls back', () => {
    const limit = new GradientLimit(1, CEILING);
    feed(limit, 100, 50);
    const shrunk = feed(limit, 10, 500);
    expect(shrunk).toBeLessThan(0.6 * CEILING);
    expect(feed(limit, 100, 50)).toBeGreaterThan(shrunk);
  });

  it('does not grow while less than half of it is used', () => {
    const limit = new GradientLimit(1, 4);
    expect(feed(limit, 50, 50, 1, CEILING)).toBe(4);
    expect(feed(limit, 50, 50, 4, CEILING)).toBeGreaterThan(4);
  });

  it('takes a ceiling that is lowered at once, and grows into one that is raised', () => {
    const limit = new GradientLimit(1, CEILING);
    expect(feed(limit, 1, 50, CEILING, 8)).toBe(8);
    expect(feed(limit, 200, 50, CEILING, 64)).toBe(64);
  });

  it('learns nothing of windows with few calls', () => {
    const limit = new GradientLimit(1, CEILING);
    for (let each = 0; each < 50; each += 1) limit.observe(4, 50 + 500 * each, CEILING, CEILING);
    expect(limit.limit).toBe(CEILING);
  });

  it('is within floor and ceiling, whatever comes', () => {
    const window = fc.tuple(
      fc.nat(100),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.nat(100),
      fc.integer({ min: 2, max: 64 }),
    );
    fc.assert(
      fc.property(fc.array(window, { minLength: 1 }), (windows) => {
        const limit = new GradientLimit(2, CEILING);
        for (const [calls, meanMs, peak, ceiling] of windows) limit.observe(calls, meanMs, peak, ceiling);
        expect(limit.limit).toBeGreaterThanOrEqual(2);
        const [calls, meanMs, , ceiling] = windows.at(-1) ?? [0, 0, 0, 0];
        if (calls >= 5 && meanMs > 0) expect(limit.limit).toBeLessThanOrEqual(ceiling);
      }),
    );
  });
});

describe('replicas', () => {
  it('come from the slope of cpu over rate, not from what an idle process uses', () => {
    const replicas = new Replicas();
    // 10 % of a core while idle, and 2 ms a request.
    for (let each = 0; each < 200; each += 1) {
      const rate = 50 * (each % 8);
      replicas.observe(rate, 10 + rate * 0.2);
    }
    expect(replicas.cpuMsPerRequest).toBeCloseTo(2, 6);
    replicas.size(1_000);
    // 1,000/s · 2 ms = 2 cores, each used to 60 %.
    expect(replicas.recommended).toBe(4);
    replicas.size(null);
    expect(replicas.recommended).toBeNull();
  });

  it('are unknown as long as rates do not differ', () => {
    const replicas = new Replicas();
    for (let each = 0; each < 200; each += 1) replicas.observe(100, 20);
    expect(replicas.cpuMsPerRequest).toBeNull();
    replicas.size(1_000);
    expect(replicas.recommended).toBeNull();
  });
});

describe('what is provided', () => {
  it('is never below the need and moves between it and what was', () => {
    const needs = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }));
    fc.assert(
      fc.property(needs, (list) => {
        const stepped = new Stepped();
        let before = 0;
        for (const need of list) {
          const now = stepped.next(need);
          expect(now).toBeGreaterThanOrEqual(need - 1e-9);
          expect(now).toBeLessThanOrEqual(Math.max(before, need) + 1e-9);
          before = now;
        }
      }),
    );
  });

  it('is the larger of demand and forecast, in whole units, within the limits', () => {
    const target = new Target();
    expect(target.size(3.2, 7.1, 2, 20).recommended).toBe(8);
    expect(target.size(100, null, 2, 20).recommended).toBe(20);
    expect(new Target().size(0, null, 2, 20).recommended).toBe(2);
  });

  it('rises within a step and does not fall', () => {
    const target = new Target();
    target.size(4, 6, 2, 20);
    expect(target.rise(5, 2, 20)).toBe(false);
    expect(target.rise(9, 2, 20)).toBe(true);
    expect(target.sizing).toMatchObject({ recommended: 9, forecast: 6 });
    expect(target.rise(50, 2, 20)).toBe(true);
    expect(target.rise(60, 2, 20)).toBe(false);
  });
});

describe('a promotion', () => {
  const outlook = (origins: number, skill: number | null, coverage: number | null) =>
    ({ standing: { origins, skill, coverage } }) as Outlook;

  it.each([
    [null, /nothing is known/],
    [outlook(49, 0.5, 0.9), /49 of 50/],
    [outlook(50, null, 0.9), /does not change/],
    [outlook(50, 0.01, 0.9), /no better than the last value/],
    [outlook(50, 0.5, 0.87), /held 87\.0 %/],
    [outlook(50, 0.5, null), /held 0\.0 %/],
  ])('is refused with its reason', (seen, reason) => {
    expect(refusalOf(seen, false)).toMatch(reason);
  });

  it('is kept down to no skill at all, so that noise does not promote and demote in turn', () => {
    const target = new Target();
    expect(target.judge(outlook(50, 0.03, 0.9))).toBe(true);
    expect(target.judge(outlook(50, 0.005, 0.9))).toBe(false);
    expect(target.isPromoted).toBe(true);
    expect(target.judge(outlook(50, -0.01, 0.9))).toBe(true);
    expect(target).toMatchObject({ isPromoted: false });
    expect(target.judge(outlook(50, 0.01, 0.9))).toBe(false);
  });
});

describe('the ledger', () => {
  const LAB = { upstream: 'lab', model: 'm' };
  const gap = (ours: number, usual: number, startS = 100): GapCosts => ({
    ours: { cold: false, idleS: ours },
    usual: { cold: true, idleS: usual },
    lambdaS: 60,
    startS,
  });

  it('closes what was brought in: used, wasted, or failed', () => {
    const ledger = new Ledger();
    ledger.preload(LAB, 'lab/a', 'forecast', 10);
    ledger.preload(LAB, 'lab/b', 'keep_alive', 11);
    const failed = ledger.preload(LAB, 'lab/c', 'forecast', 12);
    ledger.preload(LAB, 'lab/d', 'forecast', 13);
    ledger.gap('lab/a', gap(5, 10, 40));
    ledger.gone('lab/b', 50);
    ledger.failed(failed, 51);
    expect(ledger.preloads).toEqual({ pending: 1, used: 1, wasted: 1, failed: 1 });
    expect(ledger.entries(10).map(({ outcome, endedS }) => [outcome, endedS])).toEqual([
      ['pending', null],
      ['failed', 51],
      ['wasted', 50],
      ['used', 40],
    ]);
    expect(ledger.entries(10).at(-1)?.wouldHaveBeenCold).toBe(true);
    // A use after it went is no use of it.
    ledger.gap('lab/b', gap(5, 10, 60));
    expect(ledger.preloads.used).toBe(1);
  });

  it('counts each side, and is promoted by cost alone', () => {
    const ledger = new Ledger();
    for (let each = 0; each < 19; each += 1) ledger.gap('lab/a', gap(30, 10));
    expect(ledger.refusal).toMatch(/19 of 20/);
    ledger.gap('lab/a', gap(30, 10));
    expect(ledger.refusal).toBeNull();
    expect(ledger.totals).toEqual({
      gaps: 20,
      ours: { coldStarts: 0, idleS: 600, costS: 600 },
      usual: { coldStarts: 20, idleS: 200, costS: 1_400 },
    });
    for (let each = 0; each < 60; each += 1) ledger.gap('lab/a', gap(90, 10));
    expect(ledger.refusal).toMatch(/it costs 107 %/);
  });
});
