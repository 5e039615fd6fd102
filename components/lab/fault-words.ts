/** What each kind of fault does, in words. */
import { formatDuration } from '#components/ui/format.ts';
import type { Fault, FaultKind } from '#lib/contracts/faults.ts';

export const FAULT_NAMES: Record<FaultKind, string> = {
  error: 'Error answers',
  latency: 'Latency',
  hang: 'Hangs',
  cut: 'Cut answers',
  rate_limit: 'Rate limit',
};

export interface FaultDraft {
  readonly upstream: string;
  readonly kind: FaultKind;
  readonly ratePercent: number;
  readonly status: number;
  readonly latencyMs: number;
  readonly durationS: number;
}

/** One sentence that says what will happen. */
export function effectOf({ upstream, kind, ratePercent, status, latencyMs, durationS }: FaultDraft): string {
  const share = ratePercent >= 100 ? 'Every model call' : `${ratePercent} % of model calls`;
  return `${share} to ${upstream} ${DOES[kind]({ status, latencyMs })}, for ${formatDuration(durationS * 1_000)}.`;
}

const DOES: Record<FaultKind, (strength: { status: number; latencyMs: number }) => string> = {
  error: ({ status }) => `will be answered with status ${status}`,
  latency: ({ latencyMs }) => `will take ${latencyMs} ms longer`,
  hang: () => 'will never be answered, until a time budget runs out',
  cut: () => 'will break off after their first piece',
  rate_limit: () => 'will be answered with 429 and a retry-after',
};

/** The strength of an active fault, beside its kind. */
export function strengthOf({ kind, status, latency_ms }: Fault): string {
  if (kind === 'error') return `status ${status ?? ''}`;
  return kind === 'latency' ? `+${latency_ms ?? 0} ms` : '';
}

/** What `POST /api/lab/faults` takes. */
export function requestOf(draft: FaultDraft, reason: string): object {
  const { upstream, kind, ratePercent, status, latencyMs, durationS } = draft;
  return {
    upstream,
    kind,
    rate: ratePercent / 100,
    duration_s: durationS,
    ...(kind === 'error' ? { status } : {}),
    ...(kind === 'latency' ? { latency_ms: latencyMs } : {}),
    ...(reason === '' ? {} : { reason }),
  };
}
