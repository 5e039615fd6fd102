import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calendar } from '#lib/allocation/calendar.ts';
import { BAND, type Forecast, Forecaster } from '#lib/allocation/forecast/forecaster.ts';
import { seededRandom } from '#lib/lab/random.ts';

const HOUR = 3_600;
const DAY = 24;

function told(values: readonly (number | null)[], horizons: readonly number[] = [1]): Forecaster {
  const forecaster = new Forecaster({ stepS: HOUR, calendar: new Calendar(), horizons, quantiles: [0.99] });
  values.forEach((value, step) => {
    forecaster.observe(step * HOUR, value);
  });
  return forecaster;
}

const series = (steps: number, at: (step: number) => number | null) =>
  Array.from({ length: steps }, (_, step) => at(step));
const first = (forecaster: Forecaster): Forecast => {
  const [forecast] = forecaster.forecast();
  if (forecast === undefined) throw new Error('there is no forecast');
  return forecast;
};

describe('the forecaster', () => {
  it('has no forecast before the first observation, and the last value after it', () => {
    expect(told([]).forecast()).toEqual([]);
    expect(told([7]).forecast()[0]?.point).toBeCloseTo(7);
    expect(told([null, null]).forecast()).toEqual([]);
  });

  it('continues a constant', () => {
    const { point, lower, upper } = first(told(series(200, () => 42)));
    expect([point, lower, upper].map((value) => Math.round(value * 100) / 100)).toEqual([42, 42, 42]);
  });

  it('continues zeros', () => {
    expect(first(told(series(200, () => 0)))).toMatchObject({ point: 0, lower: 0 });
  });

  it('continues a pure season at every horizon', () => {
    const at = (step: number) => 100 + 80 * Math.sin((2 * Math.PI * step) / DAY);
    const forecaster = told(series(14 * DAY, at), [1, 6, 12]);
    for (const { steps, point } of forecaster.forecast())
      expect(Math.abs(point - at(14 * DAY - 1 + steps))).toBeLessThan(6);
  });

  it('follows a step within a few observations', () => {
    const forecaster = told(series(10 * DAY, (step) => (step < 10 * DAY - 6 ? 10 : 200)));
    expect(first(forecaster).point).toBeGreaterThan(150);
  });

  it('keeps up with a trend', () => {
    const forecaster = told([]);
    let error = 0;
    for (let step = 0; step < 10 * DAY; step += 1) {
      const [said] = forecaster.observe(step * HOUR, 10 + step);
      if (said != null && step >= 9 * DAY) error += Math.abs(10 + step - said.point) / DAY;
    }
    expect(error).toBeLessThan(2);
  });

  it('takes gaps as unknown, not as nothing', () => {
    const gappy = told(series(10 * DAY, (step) => (step % 5 === 0 ? null : 50)));
    expect(first(gappy).point).toBeCloseTo(50, 0);
    expect(gappy.observed).toBe(8 * DAY);
  });

  it('keeps what it forecast under what was seen in the last week', () => {
    const forecaster = told(series(10 * DAY, (step) => (step === 20 ? 1_000 : step % 7)));
    expect(first(forecaster).upper).toBeLessThan(1_500);
    expect(first(forecaster).point).toBeLessThanOrEqual(9);
  });

  it('refuses what is no amount', () => {
    const forecaster = told([1]);
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY])
      expect(() => forecaster.observe(10 * HOUR, value)).toThrow(RangeError);
  });

  it('ignores a step that was told before, as after a clock that was set back', () => {
    const forecaster = told([5, 5, 5]);
    const before = forecaster.forecast();
    forecaster.observe(HOUR, 900);
    expect(forecaster.forecast()).toEqual(before);
    expect(forecaster.atS).toBe(2 * HOUR);
  });

  it('goes on after a clock that was set far ahead', () => {
    const forecaster = told([5, 5, 5]);
    forecaster.observe(1e6 * HOUR, 6);
    expect(first(forecaster).atS).toBe((1e6 + 1) * HOUR);
    expect(first(forecaster).point).toBeGreaterThan(0);
  });

  it('says the same when it is told the same', () => {
    const values = series(300, (step) => (step * 7_919) % 100);
    expect(told(values, [1, 4]).forecast()).toEqual(told(values, [1, 4]).forecast());
  });

  it('has a band that is ordered, finite and not negative, whatever the series', () => {
    const value = fc.oneof(fc.constant(null), fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), (values) => {
        for (const { point, lower, upper, quantiles } of told(values, [1, 3, 7]).forecast()) {
          for (const each of [point, lower, upper, ...quantiles]) {
            expect(Number.isFinite(each)).toBe(true);
            expect(each).toBeGreaterThanOrEqual(0);
          }
          expect(lower).toBeLessThanOrEqual(point);
          expect(point).toBeLessThanOrEqual(upper);
        }
      }),
      { numRuns: 60 },
    );
  });

  describe('its band holds what it promises', () => {
    const random = seededRandom(11);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const season = (step: number) => 200 + 120 * Math.sin((2 * Math.PI * step) / DAY);
    let walk = 500;
    const processes: Record<string, (step: number) => number> = {
      noise: () => 100 + 10 * normal(),
      'a season with noise that grows with it': (step) => season(step) * (1 + 0.2 * normal()),
      'a random walk': () => {
        walk = Math.max(0, walk + 8 * normal());
        return walk;
      },
      'noise whose size changes half-way': (step) => 300 + (step < 1_500 ? 5 : 40) * normal(),
    };
    it.each(Object.keys(processes))('%s', (name) => {
      const forecaster = new Forecaster({ stepS: HOUR, calendar: new Calendar(), horizons: [1] });
      let [within, count] = [0, 0];
      for (let step = 0; step < 3_000; step += 1) {
        const value = Math.max(0, processes[name]?.(step) ?? 0);
        const [said] = forecaster.observe(step * HOUR, value);
        if (said == null || step < 500) continue;
        count += 1;
        if (value >= said.lower && value <= said.upper) within += 1;
      }
      expect(Math.abs(within / count - BAND)).toBeLessThan(0.02);
    });
  });
});

describe('the calendar', () => {
  it('follows the wall clock through daylight saving', () => {
    const berlin = new Calendar(86_400, 'Europe/Berlin');
    const noonAt = (iso: string) => berlin.slot(Date.parse(iso) / 1_000, HOUR);
    // The clock goes forward on 2026-03-29 and back on 2026-10-25.
    expect(noonAt('2026-03-28T11:00:00Z')).toBe(12);
    expect(noonAt('2026-03-29T10:00:00Z')).toBe(12);
    expect(noonAt('2026-10-24T10:00:00Z')).toBe(12);
    expect(noonAt('2026-10-25T11:00:00Z')).toBe(12);
  });

  it('forecasts by the wall clock after the clock has changed', () => {
    const calendar = new Calendar(86_400, 'Europe/Berlin');
    const forecaster = new Forecaster({ stepS: HOUR, calendar, horizons: [1] });
    const startS = Date.parse('2026-03-20T00:00:00Z') / 1_000;
    const busyAtNine = (atS: number) => (calendar.slot(atS, HOUR) === 9 ? 400 : 20);
    // Until 8 o'clock in Berlin of the first day in summer time.
    const steps = (Date.parse('2026-03-29T06:00:00Z') / 1_000 - startS) / HOUR;
    for (let step = 0; step <= steps; step += 1)
      forecaster.observe(startS + step * HOUR, busyAtNine(startS + step * HOUR));
    const utc = new Forecaster({ stepS: HOUR, calendar: new Calendar(), horizons: [1] });
    for (let step = 0; step <= steps; step += 1)
      utc.observe(startS + step * HOUR, busyAtNine(startS + step * HOUR));
    expect(first(forecaster).point).toBeGreaterThan(2 * first(utc).point);
  });

  it('has a week of seven seasons, however long one is', () => {
    const compressed = new Calendar(720);
    expect(compressed.slot(730, 10)).toBe(1);
    expect([0, 30, 720, 7 * 720].map((atS) => compressed.hourOfWeek(atS))).toEqual([0, 1, 24, 0]);
  });

  it('refuses an unknown time zone', () => {
    expect(() => new Calendar(86_400, 'Mars/Olympus')).toThrow(RangeError);
  });
});
