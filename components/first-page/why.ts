/** Why a breaker is in its state, since when, and what comes next: two lines. */
import { formatDuration, formatRate, formatTime } from '#components/ui/format.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';

export interface Why {
  cause: string;
  next: string;
}

const CAUSES: Record<string, string> = {
  probe_failed: 'a probe failed',
  open_elapsed: 'its open time is over',
  probes_succeeded: 'its probes succeeded',
  hold_expired: 'a hold ran out',
  reset: 'it was reset',
  lift: 'a hold was lifted',
};

export function whyOf(breaker: BreakerView, nowMs: number): Why {
  const since = `since ${formatTime(breaker.since, nowMs)}`;
  if (breaker.hold !== null) {
    const { by, reason, expires_at } = breaker.hold;
    const traffic =
      breaker.computed_state === breaker.state
        ? ''
        : ` · traffic alone: ${breaker.computed_state.replace('_', '-')}`;
    const until = expires_at === null ? 'until it is reset' : `until ${formatTime(expires_at, nowMs)}`;
    return {
      cause: reason === null ? `by ${by}` : `by ${by}: “${reason}”`,
      next: `${since} · ${until}${traffic}`,
    };
  }
  switch (breaker.state) {
    case 'open':
      return { cause: causeOf(breaker), next: `${since} · ${retryIn(breaker, nowMs)}` };
    case 'half_open':
      return { cause: `up to ${breaker.settings.half_open_calls} probes decide`, next: since };
    case 'closed':
      return { cause: `closed for ${formatDuration(nowMs - Date.parse(breaker.since))}`, next: '' };
    default:
      return breaker.state satisfies never;
  }
}

/** The cause of the last change, with its evidence against the threshold. */
function causeOf({ last_transition: last, settings }: BreakerView): string {
  if (last === null) return '';
  const { evidence } = last;
  if (last.cause === 'failure_rate') {
    return `${formatRate(evidence.failure_rate)} of ${evidence.calls} calls failed, threshold ${settings.failure_rate_percent} %`;
  }
  if (last.cause === 'slow_rate') {
    return `${formatRate(evidence.slow_rate)} of ${evidence.calls} calls were slow, threshold ${settings.slow_rate_percent} %`;
  }
  return CAUSES[last.cause] ?? last.cause.replaceAll('_', ' ');
}

function retryIn({ retry_at }: BreakerView, nowMs: number): string {
  if (retry_at === null) return 'probes next';
  return `probes in ${formatDuration(Date.parse(retry_at) - nowMs)}`;
}

/** A transition in one sentence. */
export function describeCause(cause: string): string {
  return CAUSES[cause] ?? cause.replaceAll('_', ' ');
}
