/** What clients of both sides saw: added up by step, and by second for the chart. */
import type { TourFigures, TourPoint } from '#lib/contracts/tour.ts';
import { type Sample, Sampler } from '#lib/lab/workload/sample.ts';

export type Side = 'with' | 'without';

export class Tally {
  readonly #samplers: Record<Side, Sampler> = { with: new Sampler(), without: new Sampler() };

  add(side: Side, sample: Sample): void {
    this.#samplers[side].merge(sample);
  }

  get figures(): Record<Side, TourFigures> {
    const without = figuresOf(this.#samplers.without);
    // Nothing stands between those clients and their upstream.
    return { with: figuresOf(this.#samplers.with), without: { ...without, upstream_calls: without.answers } };
  }
}

function figuresOf(sampler: Sampler): TourFigures {
  const { served, failed, cache, upstreams, upstreamCalls } = sampler.read();
  const { served: servedMs, failed: failedMs } = sampler.percentiles([0.5, 0.99]);
  const answers = served + failed;
  return {
    answers,
    served,
    failed,
    served_share: answers === 0 ? null : served / answers,
    p50_ms: servedMs[0] ?? null,
    p99_ms: servedMs[1] ?? null,
    failed_p50_ms: failedMs[0] ?? null,
    cache,
    upstreams,
    upstream_calls: upstreamCalls,
  };
}

type Counts = Omit<TourPoint, 'at'>;
const NOTHING: Counts = { with_served: 0, with_failed: 0, without_served: 0, without_failed: 0 };

/** Answers by the second in which they were told of. */
export class PointRing {
  readonly #points = new Map<number, Counts>();
  readonly #kept: number;

  /** @param kept seconds */
  constructor(kept: number) {
    this.#kept = kept;
  }

  add(side: Side, { served, failed }: Sample, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    const point = this.#points.get(second) ?? { ...NOTHING };
    point[`${side}_served`] += served;
    point[`${side}_failed`] += failed;
    this.#points.set(second, point);
    for (const old of this.#points.keys()) {
      if (old > second - this.#kept) break;
      this.#points.delete(old);
    }
  }

  /** Of seconds that are over, without gaps. */
  list(nowMs: number): TourPoint[] {
    const current = Math.floor(nowMs / 1_000);
    const first = this.#points.keys().next().value ?? current;
    const from = Math.max(first, current - this.#kept);
    return Array.from({ length: current - from }, (_, at) => ({
      at: new Date((from + at) * 1_000).toISOString(),
      ...(this.#points.get(from + at) ?? NOTHING),
    }));
  }
}
