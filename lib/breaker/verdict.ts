/** When a closed breaker opens, and for how long. */
import type { Outcome } from '#lib/breaker/types.ts';
import type { Counts } from '#lib/breaker/window.ts';
import { minimumCalls } from '#lib/contracts/breakers.ts';
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

/** A model load that the upstream reports and that takes no longer than its budget is not the call's own time. */
export function isSlow(outcome: Outcome, durationMs: number, settings: BreakerSettings): boolean {
  const loadMs = outcome.kind === 'success' ? (outcome.loadMs ?? 0) : 0;
  const ownMs = loadMs <= settings.model_load_ms ? durationMs - loadMs : durationMs;
  return ownMs >= settings.slow_call_ms;
}

/** An open time doubles with each failed round of probes, up to this many times the configured one. */
export const MAX_OPEN_FACTOR = 10;
/** Share by which an open time may differ either way, so that many gateways do not probe at once. */
export const OPEN_JITTER = 0.1;
/** An upstream's `retry-after` lengthens the open time up to this. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** Milliseconds that an open time grows to at most, when no upstream asks for longer. */
export function grownOpenMs({ open_s }: BreakerSettings): number {
  return open_s * 1_000 * MAX_OPEN_FACTOR * (1 + OPEN_JITTER);
}

/** Milliseconds that no open time is longer than. */
export function longestOpenMs(settings: BreakerSettings): number {
  return Math.max(MAX_RETRY_AFTER_MS, grownOpenMs(settings));
}

/** Milliseconds to stay open after so many failed rounds in a row; `random` is 0..1. The first one is exact. */
export function openTimeMs(settings: BreakerSettings, failedRounds: number, random: number): number {
  const baseMs = settings.open_s * 1_000;
  if (failedRounds === 0) return baseMs;
  const factor = Math.min(MAX_OPEN_FACTOR, 2 ** failedRounds);
  return baseMs * factor * (1 + OPEN_JITTER * (2 * random - 1));
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
