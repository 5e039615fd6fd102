/** Why a breaker is in its state, since when, and what comes next: two lines. */
import { words } from '#components/events/describe.ts';
import { formatDuration, formatRate, formatTime, withUnit } from '#components/ui/format.ts';
import { type BreakerView, minimumCalls } from '#lib/contracts/breakers.ts';

export interface Why {
  cause: string;
  next: string;
}

/** @param zoned false while the reader's time zone is not known: times of day are left out then */
export function whyOf(breaker: BreakerView, nowMs: number, zoned = true): Why {
  const time = (iso: string) => (zoned ? formatTime(iso, nowMs) : '');
  const since = `since ${time(breaker.since)}`;
  if (breaker.hold !== null) {
    const { by, reason, expires_at } = breaker.hold;
    const until = expires_at === null ? 'until it is lifted' : `${leftUntil(expires_at, nowMs)} left`;
    return {
      cause: reason === null ? `by ${by}` : `by ${by}: “${reason}”`,
      next: `${since} · ${until}`,
    };
  }
  const outage = `since ${time(outageSince(breaker))}`;
  switch (breaker.state) {
    case 'open':
      return { cause: causeOf(breaker), next: `${outage} · ${retryIn(breaker, nowMs)}` };
    case 'half_open':
      return { cause: `up to ${breaker.settings.half_open_calls} probes decide`, next: outage };
    case 'closed':
      return {
        cause: breaker.ramp === null ? closedCause(breaker) : rampCause(breaker.ramp),
        next: `closed for ${formatDuration(nowMs - Date.parse(breaker.since))}`,
      };
    default:
      return breaker.state satisfies never;
  }
}

/** When it left the closed state: a probe that fails begins no new outage. ISO time. */
export function outageSince({ hold, opening, since }: BreakerView): string {
  return hold === null ? (opening?.at ?? since) : since;
}

function rampCause({ in_flight, limit }: NonNullable<BreakerView['ramp']>): string {
  return `lets callers in by and by: ${in_flight} of at most ${limit} at once`;
}

/** Worth a word when calls fail although it is closed. */
function closedCause({ window, settings }: BreakerView): string {
  if (window.failures === 0) return '';
  const needed = minimumCalls(settings);
  if (window.calls < needed) {
    return `${window.failures} of ${window.calls} failed; ${needed} calls are needed to judge`;
  }
  return `${window.failures} of ${window.calls} failed, opens at ${withUnit(settings.failure_rate_percent, '%')}`;
}

/** What opened it, with its evidence against the threshold. */
function causeOf({ opening, last_transition, settings }: BreakerView): string {
  const last = opening ?? last_transition;
  if (last === null) return '';
  const { evidence } = last;
  const [error] = evidence.errors;
  const what = error === undefined ? '' : `, last ${error.message}`;
  if (last.cause === 'failure_rate') {
    return `${formatRate(evidence.failure_rate)} of ${evidence.calls} failed, opens at ${withUnit(settings.failure_rate_percent, '%')}${what}`;
  }
  if (last.cause === 'slow_rate') {
    return `${formatRate(evidence.slow_rate)} of ${evidence.calls} slow, opens at ${withUnit(settings.slow_rate_percent, '%')}`;
  }
  return `${words(last.cause)}${what}`;
}

function retryIn({ retry_at, last_transition }: BreakerView, nowMs: number): string {
  if (retry_at === null) return 'probes next';
  if (Date.parse(retry_at) <= nowMs) return 'probes with the next call';
  const left = leftUntil(retry_at, nowMs);
  return last_transition?.cause === 'probe_failed' ? `next probe in ${left}` : `probes in ${left}`;
}

function leftUntil(iso: string, nowMs: number): string {
  return formatDuration(Date.parse(iso) - nowMs);
}
