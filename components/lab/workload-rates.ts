/** What the workload should send and what it does send, from one snapshot to the next. */
import type { Points } from '#components/live/series.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';

export interface RateSample {
  /** The run that it belongs to, by its beginning. */
  readonly run: string;
  readonly atMs: number;
  readonly targetPerS: number;
  /** Sent since the run began. */
  readonly sent: number;
}

/** Ten minutes of snapshots. */
export const MAX_SAMPLES = 600;
/** The status comes twice a second, so that a rate from one snapshot to the next would jump. */
export const OVER_MS = 2_000;

/** With the sample of that snapshot; of another run, that alone. */
export function sampled(samples: readonly RateSample[], { at, workload }: Snapshot): readonly RateSample[] {
  if (workload.state !== 'running' || workload.started_at === null) return samples;
  const atMs = Date.parse(at);
  const sample = {
    run: workload.started_at,
    atMs,
    targetPerS: workload.target_rate_per_s,
    sent: workload.sent,
  };
  const last = samples.at(-1);
  if (last === undefined || last.run !== sample.run) return [sample];
  return atMs <= last.atMs ? samples : [...samples, sample].slice(-MAX_SAMPLES);
}

/** Rates per second: `target`, and `sent` over the last `OVER_MS`; null where there is nothing to compare with. */
export function ratePoints(samples: readonly RateSample[]): Points {
  let from = 0;
  const sent = samples.map((sample, index): number | null => {
    while (from < index - 1 && sample.atMs - (samples[from]?.atMs ?? 0) > OVER_MS) from += 1;
    const first = samples[from];
    if (first === undefined || first.atMs >= sample.atMs) return null;
    return ((sample.sent - first.sent) * 1_000) / (sample.atMs - first.atMs);
  });
  return {
    timesMs: samples.map(({ atMs }) => atMs),
    values: { target: samples.map(({ targetPerS }) => targetPerS), sent },
    partial: false,
    stepS: 1,
  };
}
