/** Which series the charts of traffic draw, and in which colours. */
import type { ChartSeries } from '#components/charts/types.ts';
import { type AnswerKind, answerKinds } from '#lib/contracts/requests.ts';

const ANSWERS: Record<AnswerKind, { label: string; color: string }> = {
  upstream: { label: 'upstream', color: 'var(--series-1)' },
  cache: { label: 'cache', color: 'var(--closed)' },
  coalesced: { label: 'joined', color: 'var(--series-2)' },
  stale: { label: 'stale', color: 'var(--series-3)' },
  refused: { label: 'refused', color: 'var(--series-3)' },
  failed: { label: 'failed', color: 'var(--series-4)' },
  rejected: { label: 'rejected', color: 'var(--faint)' },
  cancelled: { label: 'cancelled', color: 'var(--held)' },
};

/** Drawn even while there are none, so that their absence is seen. */
const ALWAYS: readonly AnswerKind[] = ['upstream', 'refused', 'failed'];

/** Answers by how they were given: those that there are in the range. */
export function answerSeries(values: Readonly<Record<string, readonly (number | null)[]>>): ChartSeries[] {
  return answerKinds
    .filter(
      (kind) =>
        ALWAYS.includes(kind) || values[`${kind}_per_s`]?.some((value) => value !== null && value > 0),
    )
    .map((kind) => ({ name: `${kind}_per_s`, kind: 'area', ...ANSWERS[kind] }));
}

export const LATENCY_SERIES: readonly ChartSeries[] = [
  { name: 'latency_p50_ms', label: 'p50', color: 'var(--series-1)', kind: 'line' },
  { name: 'latency_p90_ms', label: 'p90', color: 'var(--series-2)', kind: 'line' },
  { name: 'latency_p99_ms', label: 'p99', color: 'var(--series-3)', kind: 'line' },
];

export const SLOT_SERIES: readonly ChartSeries[] = [
  { name: 'slots_in_use', label: 'in flight', color: 'var(--series-1)', kind: 'line' },
  { name: 'slots_queued', label: 'queued', color: 'var(--series-4)', kind: 'line' },
  { name: 'slots', label: 'slots', color: 'var(--held)', kind: 'step', dashed: true },
];
