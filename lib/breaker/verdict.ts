/** When a closed breaker opens, and for how long. */
import type { Counts } from '#lib/breaker/window.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';

export type TripCause = 'failure_rate' | 'slow_rate';

/** At or above a threshold, once there are enough calls; asked after every outcome, good ones included. */
export function tripCause(counts: Counts, settings: BreakerSettings): TripCause | null {
  if (counts.calls < minimumCalls(settings)) return null;
  // Compared as whole numbers: a rate of exactly the threshold must not be lost to rounding.
  if (counts.failures * 100 >= settings.failure_rate_percent * counts.calls) return 'failure_rate';
  if (counts.slow * 100 >= settings.slow_rate_percent * counts.calls) return 'slow_rate';
  return null;
}

/** An open time doubles with each failed round of probes, up to this many times the configured one. */
export const MAX_OPEN_FACTOR = 10;
/** Share by which an open time may differ either way, so that many gateways do not probe at once. */
export const OPEN_JITTER = 0.1;
/** An upstream's `retry-after` lengthens the open time up to this. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** Milliseconds that no open time is longer than. */
export function longestOpenMs(settings: BreakerSettings): number {
  return Math.max(MAX_RETRY_AFTER_MS, settings.open_s * 1_000 * MAX_OPEN_FACTOR * (1 + OPEN_JITTER));
}

/** Milliseconds to stay open after so many failed rounds in a row; `random` is 0..1. The first one is exact. */
export function openTimeMs(settings: BreakerSettings, failedRounds: number, random: number): number {
  const baseMs = settings.open_s * 1_000;
  if (failedRounds === 0) return baseMs;
  const factor = Math.min(MAX_OPEN_FACTOR, 2 ** failedRounds);
  return baseMs * factor * (1 + OPEN_JITTER * (2 * random - 1));
}

/** Calls in the window before a rate counts: a window of calls is full at its length. */
export function minimumCalls({ window_kind, window_calls, minimum_calls }: BreakerSettings): number {
  return window_kind === 'count' ? Math.min(minimum_calls, window_calls) : minimum_calls;
}

/** Failures in a row that would open it now, from 1 to `limit`; null when none would. */
export function failuresToOpen(
  countsAfter: (failures: number) => Counts,
  settings: BreakerSettings,
  limit: number,
): number | null {
  for (let more = 1; more <= limit; more++) {
    if (tripCause(countsAfter(more), settings) !== null) return more;
  }
  return null;
}
