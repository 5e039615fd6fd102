/**
 * When requests arrive: a Poisson process whose rate changes with time, by thinning (Lewis and Shedler, 1979):
 * candidates come at the highest rate, and one at time t is kept with probability rate(t) / highest.
 */
import type { WorkloadSettings } from '#lib/contracts/workload.ts';
import { seededRandom } from '#lib/lab/random.ts';

type Shaped = Pick<WorkloadSettings, 'shape' | 'rate_per_s' | 'day_s' | 'day_begun' | 'seed'>;

/** A burst begins in each stretch of so many seconds, at a time of its own, and lasts so long. */
const BURST_EVERY_S = 30;
const BURST_S = 4;
const BURST_FACTOR = 5;

/** Hourly weights of a working day: a quiet night, a peak in the morning and one in the afternoon. */
const DAY: readonly number[] = [
  0.25, 0.2, 0.18, 0.17, 0.18, 0.25, 0.45, 0.8, 1.25, 1.7, 1.95, 1.85, 1.4, 1.35, 1.75, 1.9, 1.8, 1.5, 1.2,
  1.05, 0.95, 0.8, 0.6, 0.4,
];
const DAY_MEAN = DAY.reduce((sum, weight) => sum + weight, 0) / DAY.length;

/** Arrivals per second at that time; its mean over a day, or over many bursts, is `rate_per_s`. */
export function rateAt(offsetMs: number, settings: Shaped): number {
  const { shape, rate_per_s } = settings;
  switch (shape) {
    case 'day':
      return rate_per_s * dayWeight(dayShareAt(offsetMs, settings));
    case 'bursts':
      return rate_per_s * burstWeight(offsetMs / 1_000, settings.seed);
    default:
      return rate_per_s;
  }
}

/** How much of the day is over at that time, 0..1. */
export function dayShareAt(
  offsetMs: number,
  { day_s, day_begun }: Pick<WorkloadSettings, 'day_s' | 'day_begun'>,
): number {
  return (offsetMs / 1_000 / day_s + day_begun) % 1;
}

function highestRate({ shape, rate_per_s }: Shaped): number {
  if (shape === 'day') return (rate_per_s * Math.max(...DAY)) / DAY_MEAN;
  return shape === 'bursts' ? rate_per_s * quietWeight() * BURST_FACTOR : rate_per_s;
}

/** Offsets from the start in milliseconds, ascending, without an end. */
export function* arrivals(settings: Shaped): Generator<number> {
  const random = seededRandom(settings.seed);
  const highest = highestRate(settings);
  let atMs = 0;
  for (;;) {
    // Never zero: the logarithm has no value there.
    atMs += (-Math.log(1 - random()) / highest) * 1_000;
    if (random() * highest < rateAt(atMs, settings)) yield atMs;
  }
}

/** @param share of the day that is over, 0..1; straight lines between the hours */
function dayWeight(share: number): number {
  const hours = share * DAY.length;
  const before = DAY[Math.floor(hours) % DAY.length] ?? 1;
  const after = DAY[(Math.floor(hours) + 1) % DAY.length] ?? 1;
  return (before + (after - before) * (hours % 1)) / DAY_MEAN;
}

function burstWeight(atS: number, seed: number): number {
  const stretch = Math.floor(atS / BURST_EVERY_S);
  const startS = stretch * BURST_EVERY_S + seededRandom(seed + stretch)() * (BURST_EVERY_S - BURST_S);
  const inBurst = atS >= startS && atS < startS + BURST_S;
  return quietWeight() * (inBurst ? BURST_FACTOR : 1);
}

function quietWeight(): number {
  return BURST_EVERY_S / (BURST_EVERY_S - BURST_S + BURST_S * BURST_FACTOR);
}
