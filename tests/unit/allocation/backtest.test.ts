import { describe, expect, it } from 'vitest';
import { provision } from '#lib/allocation/backtest/provisioning.ts';
import { naiveError, pinball, Scorer, skillOf } from '#lib/allocation/backtest/scores.ts';
import { METHODS, walkForward } from '#lib/allocation/backtest/walk-forward.ts';
import { Calendar } from '#lib/allocation/calendar.ts';
import { readUsage } from '#lib/allocation/csv.ts';
import { seriesOf, stepOf } from '#lib/allocation/series.ts';
import { readCsv } from '#lib/csv.ts';
import { seededRandom } from '#lib/lab/random.ts';

const HOUR = 3_600;
const OPTIONS = { calendar: new Calendar(), horizonSteps: 1, historySteps: 7 * 24 };
const seriesFrom = (values: number[]) => ({ fromS: 0, stepS: HOUR, values: Float64Array.from(values) });

function noisySeason(days: number): number[] {
  const random = seededRandom(3);
  return Array.from({ length: days * 24 }, (_, step) => {
    const usual = 100 + 80 * Math.sin((2 * Math.PI * step) / 24);
    return usual * (0.7 + 0.6 * random());
  });
}

describe('a backtest', () => {
  it('gives every method the same origins, and the closed form of the last value', () => {
    const values = noisySeason(14);
    const { methods, origins, mase_scale } = walkForward(seriesFrom(values), OPTIONS);
    expect(origins).toBe(7 * 24);
    for (const method of METHODS) expect(methods[method].origins).toBe(origins);
    const errors = values.slice(7 * 24).map((value, at) => Math.abs(value - (values[7 * 24 + at - 1] ?? 0)));
    const mae = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    expect(methods.last_value.mae).toBeCloseTo(mae);
    expect(mase_scale).toBeCloseTo(naiveError(Float64Array.from(values), 24, 7 * 24) ?? 0);
    expect(methods.ours.mase).toBeCloseTo((methods.ours.mae ?? 0) / (mase_scale ?? 1));
  });

  it('finds the seasonal naive perfect on a pure season, and the last value not', () => {
    const pure = Array.from({ length: 14 * 24 }, (_, step) => 50 + (step % 24));
    const { methods } = walkForward(seriesFrom(pure), OPTIONS);
    expect(methods.seasonal_naive.mae).toBe(0);
    expect(methods.last_value.mae).toBeGreaterThan(1);
    expect(methods.ours.mae).toBeLessThan(methods.last_value.mae ?? 0);
  });

  it('beats every baseline on a noisy season', () => {
    const { methods } = walkForward(seriesFrom(noisySeason(28)), OPTIONS);
    const { ours, ...baselines } = methods;
    for (const each of Object.values(baselines)) expect(ours.mae).toBeLessThan(each.mae ?? 0);
  });

  it('does not know what comes: a change of the future changes no score of before', () => {
    const values = noisySeason(14);
    const cut = 10 * 24;
    const seen: number[] = [];
    const changed: number[] = [];
    const record = (into: number[]) => ({
      ...OPTIONS,
      onTarget: (index: number, _: number, { point }: { point: number }) => {
        if (index < cut) into.push(point);
      },
    });
    walkForward(seriesFrom(values), record(seen));
    walkForward(seriesFrom(values.map((value, at) => (at < cut ? value : 9_999))), record(changed));
    expect(changed).toEqual(seen);
  });

  it('leaves out what was not observed', () => {
    const values = noisySeason(14);
    for (const gap of [200, 201, 250]) values[gap] = Number.NaN;
    expect(walkForward(seriesFrom(values), OPTIONS).origins).toBe(7 * 24 - 3);
  });
});

describe('provisioning', () => {
  it('is static at the peak, and never under', () => {
    const { policies } = provision(seriesFrom(noisySeason(21)), { ...OPTIONS, quantile: 0.99 });
    expect(policies.static).toMatchObject({ saved_of_static: 0, under_provisioned_steps: 0 });
    expect(policies.ours.saved_of_static).toBeGreaterThan(0.1);
    expect(policies.ours.under_provisioned_share).toBeLessThan(0.03);
    expect(policies.reactive.under_provisioned_share).toBeGreaterThan(
      policies.ours.under_provisioned_share ?? 1,
    );
  });

  it('never provides less than the last demand', () => {
    const rising = Array.from({ length: 14 * 24 }, (_, step) => step);
    const { policies } = provision(seriesFrom(rising), { ...OPTIONS, quantile: 0.5 });
    expect(policies.ours.resource_minutes).toBeGreaterThan(policies.reactive.resource_minutes * 0.69);
  });
});

describe('scores', () => {
  it('weigh what is above and below a quantile', () => {
    expect(pinball(0.9, 20, 10)).toBeCloseTo(9);
    expect(pinball(0.9, 0, 10)).toBeCloseTo(1);
  });

  it('forget what is older than their window', () => {
    const scorer = new Scorer(2);
    for (const actual of [100, 10, 10]) scorer.add({ point: 10, lower: 5, upper: 15, q90: 15 }, actual);
    expect(scorer.score).toMatchObject({ origins: 2, mae: 0, coverage_90: 1 });
  });

  it('say nothing where there is nothing', () => {
    expect(new Scorer().score).toEqual({ origins: 0, mae: null, pinball_90: null, coverage_90: null });
    expect([skillOf(1, 2), skillOf(1, 0), skillOf(null, 2)]).toEqual([0.5, null, null]);
  });
});

describe('usage from a CSV', () => {
  it('takes dates and seconds, leaves out what is missing and marks gaps', () => {
    const seconds = readUsage(
      readCsv('timestamp,requests,missing\n0,5,0\n60,7,1\n120,9,0\n240,1,0\n'),
      'requests',
    );
    const { values } = seriesOf(seconds, stepOf(seconds));
    expect([...values].map(String)).toEqual(['5', 'NaN', '9', 'NaN', '1']);
    const dates = readUsage(
      readCsv('when,load\n2026-01-01 00:00:00,1\n2026-01-01T00:05:00Z,2.5\n'),
      'load',
      'when',
    );
    expect(stepOf(dates)).toBe(300);
    expect(dates[1]).toEqual({ atS: Date.parse('2026-01-01T00:05:00Z') / 1_000, value: 2.5 });
  });

  it('puts a clock that drifts on no step twice', () => {
    const drifting = [0, 60, 119, 178, 237, 296].map((atS) => ({ atS, value: 1 }));
    expect([...seriesOf(drifting, 60).values]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('names bad lines, each with its column, value and what is allowed', () => {
    const bad = 'timestamp,requests\n0,1\nyesterday,2\n60,-3\n60,4\n120,many\n';
    expect(() => readUsage(readCsv(bad), 'requests')).toThrow(
      /line 3: timestamp "yesterday" must be ISO.*line 4: requests "-3".*line 5: timestamp "60" must be after that of line 4.*line 6: requests "many"/,
    );
    expect(() => readUsage(readCsv('timestamp,requests\n0,1\n'), 'calls')).toThrow(
      /no column "calls"; there is: timestamp, requests/,
    );
    expect(() => readUsage(readCsv('timestamp,requests\n0,1\n'), 'requests')).toThrow(/at least two/);
  });
});
