import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calendar } from '#lib/allocation/calendar.ts';
import { readUses } from '#lib/allocation/csv.ts';
import { fixedAtBudget, fixedCost, gapsOf, learnedCost, type Use } from '#lib/allocation/warmth/frontier.ts';
import { cheapest } from '#lib/allocation/warmth/keep-alive.ts';
import { WarmthPolicy } from '#lib/allocation/warmth/policy.ts';
import { readCsv } from '#lib/csv.ts';
import { seededRandom } from '#lib/lab/random.ts';

const MINUTE = 60;
const DAY = 86_400;
const OPTIONS = { calendar: new Calendar() };

describe('the keep-alive', () => {
  it('is λ before anything is known', () => {
    expect(cheapest([], [], 300)).toBe(300);
  });

  it('has the least expected cost of all there are', () => {
    const gap = fc.integer({ min: 1, max: 1_000 });
    const gaps = fc.array(gap, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, gaps, fc.integer({ min: 0, max: 2_000 }), (own, pool, lambda) => {
        const ascending = (list: number[]) => [...list].sort((a, b) => a - b);
        const weighted = [
          ...own.map((value) => [value, 1]),
          ...pool.map((value) => [value, 20 / pool.length]),
        ];
        const cost = (tau: number) =>
          weighted.reduce(
            (sum, [value = 0, weight = 0]) => sum + weight * (value > tau ? lambda + tau : value),
            0,
          );
        const chosen = cost(cheapest(ascending(own), ascending(pool), lambda));
        for (const tau of [0, ...own, ...pool, 5_000]) expect(chosen).toBeLessThanOrEqual(cost(tau) + 1e-6);
      }),
    );
  });
});

describe('gaps between uses', () => {
  it('begin when the model is no longer busy, and not while it is', () => {
    const uses: Use[] = [
      { model: 'a', atS: 0, busyS: 100 },
      { model: 'a', atS: 50, busyS: 10 },
      { model: 'a', atS: 160, busyS: 0 },
    ];
    expect(gapsOf(uses)).toEqual([
      { model: 'a', idleFromS: null, startS: 0 },
      { model: 'a', idleFromS: 100, startS: 160 },
    ]);
  });

  it('cost a fixed keep-alive what can be counted by hand', () => {
    const gaps = gapsOf([0, 4, 20, 120].map((minute) => ({ model: 'a', atS: minute * MINUTE, busyS: 0 })));
    expect(fixedCost(gaps, 5 * MINUTE)).toEqual({ cold_starts: 3, idle_warm_minutes: 4 + 5 + 5 });
    expect(fixedAtBudget(gaps, 14)).toBe(3);
    expect(fixedAtBudget(gaps, 36)).toBe(2);
    expect(fixedAtBudget(gaps, 120)).toBe(1);
  });
});

describe('the learned policy', () => {
  /** Each model is used in bursts, and one of them each morning at eight. */
  function uses(): Use[] {
    const random = seededRandom(5);
    const all: Use[] = [];
    for (let day = 0; day < 21; day += 1) {
      for (let minute = 0; minute < 30; minute += 3)
        all.push({ model: 'morning', atS: day * DAY + (8 * 60 + minute) * MINUTE, busyS: 20 });
      for (let burst = 0; burst < 4; burst += 1) {
        const startS = day * DAY + random() * DAY;
        for (let use = 0; use < 5; use += 1)
          all.push({ model: `rare-${burst}`, atS: startS + use * (20 + 30 * random()), busyS: 5 });
      }
    }
    return all.sort((a, b) => a.atS - b.atS);
  }

  it('is nowhere above the frontier of fixed keep-alives', () => {
    const gaps = gapsOf(uses());
    for (const minutes of [2, 10, 60, 240]) {
      const cost = learnedCost(gaps, minutes * MINUTE, { ...OPTIONS, countFromS: 7 * DAY });
      const fixed = fixedAtBudget(gaps, cost.idle_warm_minutes, 7 * DAY);
      expect(cost.cold_starts).toBeLessThanOrEqual(fixed);
    }
  });

  it('is warm before the usual start of the day, for its reason, and not at night', () => {
    const policy = new WarmthPolicy(new Calendar());
    const lambdaS = 120 * MINUTE;
    for (const { model, idleFromS, startS } of gapsOf(uses()))
      if (idleFromS !== null) policy.learn(model, idleFromS, startS, lambdaS);
    const idleFromS = 20 * DAY + 9 * 3_600;
    expect(policy.reason('morning', idleFromS, 21 * DAY + 8 * 3_600 - 300, lambdaS)).toBe('forecast');
    expect(policy.reason('morning', idleFromS, 21 * DAY + 2 * 3_600, lambdaS)).toBeNull();
    expect(policy.reason('morning', null, 21 * DAY, lambdaS)).toBeNull();
    expect(policy.reason('morning', 21 * DAY, 21 * DAY + 1, lambdaS)).toBe('keep_alive');
  });

  it('replays a gap as it would have decided, moment by moment', () => {
    const policy = new WarmthPolicy(new Calendar());
    const lambdaS = 60 * MINUTE;
    for (const { model, idleFromS, startS } of gapsOf(uses()))
      if (idleFromS !== null) policy.learn(model, idleFromS, startS, lambdaS);
    const idleFromS = 20 * DAY + 9 * 3_600;
    const startS = 21 * DAY + 8 * 3_600 + 10;
    const { idleS, cold } = policy.replay('morning', idleFromS, startS, lambdaS);
    let warm = 0;
    for (let atS = idleFromS; atS < startS; atS += 10)
      if (policy.reason('morning', idleFromS, atS + 5, lambdaS) !== null) warm += 10;
    expect(Math.abs(idleS - warm)).toBeLessThanOrEqual(20);
    expect(cold).toBe(policy.reason('morning', idleFromS, startS - 1, lambdaS) === null);
  });

  it('costs more idle time and fewer cold starts the more a cold start is worth', () => {
    const gaps = gapsOf(uses());
    const costs = [1, 30, 1_000].map((minutes) => learnedCost(gaps, minutes * MINUTE, OPTIONS));
    const idle = costs.map((cost) => cost.idle_warm_minutes);
    const cold = costs.map((cost) => cost.cold_starts);
    expect(idle).toEqual([...idle].sort((a, b) => a - b));
    expect(cold).toEqual([...cold].sort((a, b) => b - a));
  });
});

describe('uses from a CSV', () => {
  it('are sorted, with or without a duration', () => {
    expect(readUses(readCsv('timestamp,model\n60,b\n0,a\n')).map(({ model }) => model)).toEqual(['a', 'b']);
    expect(readUses(readCsv('timestamp,model,exec_seconds\n0,a,2.5\n'))).toEqual([
      { model: 'a', atS: 0, busyS: 2.5 },
    ]);
  });

  it('are refused by line', () => {
    expect(() => readUses(readCsv('timestamp,model,exec_seconds\n0,,1\n1,a,-1\n'))).toThrow(
      /line 2: model "" must be a name; line 3: exec_seconds "-1"/,
    );
  });
});
