/** A drill in words. */
import { formatDuration, formatMs, UNKNOWN } from '#components/ui/format.ts';
import type { Drill } from '#lib/contracts/drills.ts';

export const FAULT_WORDS: Record<Drill['fault'], string> = {
  error: 'errors',
  latency: 'added latency',
  hang: 'hanging calls',
  cut: 'cut answers',
  rate_limit: 'rate limits (429)',
};

const END_CAUSES: Record<NonNullable<Drill['end_cause']>, string> = {
  finished: '',
  stopped: 'stopped by hand',
  not_recovered: 'its breaker did not close in time',
  interrupted: 'the server ended',
};

/** `60 % errors for 10 s, 50 calls/s`. */
export function whatItDoes({ fault, rate, duration_s, calls_per_s }: Drill): string {
  return `${Math.round(rate * 100)} % ${FAULT_WORDS[fault]} for ${formatDuration(duration_s * 1_000)}, ${calls_per_s} calls/s`;
}

export function resultOf({ status, phase, end_cause }: Drill): string {
  if (status === 'running') return phase === 'fault' ? 'the fault is on' : 'waits for it to close';
  const why = end_cause === null ? '' : END_CAUSES[end_cause];
  return why === '' ? status : `${status}: ${why}`;
}

export function figuresOf(drill: Drill): readonly (readonly [name: string, value: string])[] {
  const { time_to_open_ms, calls_leaked, probes, time_to_recover_ms, worst_caller_ms, calls } = drill;
  return [
    ['Time to open', formatMs(time_to_open_ms)],
    ['Calls leaked', String(calls_leaked)],
    ['Probes', String(probes)],
    ['Time to recover', formatMs(time_to_recover_ms)],
    ['Worst caller', formatMs(worst_caller_ms)],
    [
      'Calls · failed · refused',
      calls.sent === 0 ? UNKNOWN : `${calls.sent} · ${calls.failed} · ${calls.refused}`,
    ],
  ];
}

/** Share of the fault's time that is over, 0..1; 1 in the recovery. */
export function faultProgress({ phase, started_at, duration_s }: Drill, nowMs: number): number {
  if (phase !== 'fault') return 1;
  return Math.min(1, Math.max(0, (nowMs - Date.parse(started_at)) / (duration_s * 1_000)));
}
