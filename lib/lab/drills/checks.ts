/** What a drill is judged by, and how long its breaker may take. */
import { grownOpenMs } from '#lib/breaker/verdict.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';
import type { Drill } from '#lib/contracts/drills.ts';

type Check = Drill['checks'][number];

/** Beyond the window, for the calls that are under way. */
const GRACE_MS = 1_000;
/** For probes and their answers, after the last open time. */
const PROBING_MS = 30_000;
const MAX_RECOVERY_MS = 900_000;

/** Milliseconds within which it must have opened: its window, as its calls fill it, and a second. */
export function openWithinMs(settings: BreakerSettings, callsPerS: number): number {
  const windowMs =
    settings.window_kind === 'time' ? settings.window_s * 1_000 : (settings.window_calls / callsPerS) * 1_000;
  return windowMs + GRACE_MS;
}

/** Milliseconds after the fault in which a breaker that works has closed. */
export function recoverWithinMs(settings: BreakerSettings): number {
  return Math.min(MAX_RECOVERY_MS, grownOpenMs(settings) + PROBING_MS);
}

export function checksOf(drill: Drill, settings: BreakerSettings): Check[] {
  const { time_to_open_ms: openedMs, time_to_recover_ms: recoveredMs } = drill;
  const withinMs = openWithinMs(settings, drill.calls_per_s);
  return [
    {
      name: 'Opened in time',
      passed: openedMs !== null && openedMs <= withinMs,
      measured:
        openedMs === null ? `it did not open${whyNot(drill, settings)}` : `after ${seconds(openedMs)}`,
      wanted: `within its window and a second: ${seconds(withinMs)}`,
    },
    {
      name: 'No call leaked',
      passed: openedMs !== null && drill.calls_leaked === 0,
      measured: `${drill.calls_leaked} reached the upstream while it was open, ${drill.probes} as probes`,
      wanted: 'none but its probes',
    },
    {
      name: 'Closed by itself',
      passed: recoveredMs !== null,
      measured:
        recoveredMs === null ? 'it did not close' : `${seconds(recoveredMs)} after the fault had ended`,
      wanted: 'closed once the fault has ended',
    },
  ];
}

/** What about the fault kept it closed, where that can be told. */
function whyNot(drill: Drill, settings: BreakerSettings): string {
  const { fault, rate, latency_ms = 0 } = drill;
  const percent = rate * 100;
  if (fault === 'latency') {
    if (latency_ms < settings.slow_call_ms)
      return `: ${latency_ms} ms more is not slow, slow is ${settings.slow_call_ms} ms`;
    if (percent < settings.slow_rate_percent)
      return `: ${percent} % slow is below its threshold of ${settings.slow_rate_percent} %`;
    return '';
  }
  if (percent < settings.failure_rate_percent)
    return `: ${percent} % is below its threshold of ${settings.failure_rate_percent} %`;
  if (fault === 'hang') return ': a call that hangs fails only when its time budget is over';
  return '';
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
