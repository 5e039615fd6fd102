/** What operators and scripts ask of the batchers, and change of their limits. */
import { type BatcherView, type Batching, batchingPatchSchema } from '#lib/contracts/batching.ts';
import type { Comprehensive } from '#lib/contracts/comprehensive.ts';
import type { Call } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';

export const show = ({ runtime }: Pick<Call, 'runtime'>): Batching => runtime.batching();

/** Until the server starts anew. */
export async function update(call: Call): Promise<Batching> {
  const { runtime, by } = call;
  const { kind, upstream, reason, ...given } = await call.body(batchingPatchSchema);
  const limits = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const known = runtime.upstreams().map(({ name }) => name);
  if (upstream !== undefined && !known.includes(upstream)) {
    const text = `Unknown upstream '${upstream.slice(0, 100)}'; known are ${known.join(', ')}`;
    throw new SwitchgearError('not_found', text, { details: { known } });
  }
  const limitsOf = () => runtime.batching().upstreams.map((each) => [each.name, each[kind].limits] as const);
  const before = Object.fromEntries(limitsOf());
  for (const name of upstream === undefined ? known : [upstream]) runtime.setBatchLimits(kind, name, limits);
  runtime.audit({
    action: 'operator_batching',
    component: upstream,
    by,
    reason,
    before: { kind, limits: before },
    after: { kind, limits: Object.fromEntries(limitsOf()) },
  });
  return runtime.batching();
}

export function comprehensive({ runtime }: Pick<Call, 'runtime'>): Comprehensive {
  const { at, cache, traffic } = runtime.snapshot();
  const upstreams = runtime.upstreams();
  const { llm_batcher, embedding_batcher } = runtime.batching();
  const { protected_functions, total_files } = runtime.coverage();
  const lifetime = runtime.cacheTotals();
  const predictions = runtime.predictions.view();
  const score = runtime.score();
  const { recent } = traffic;
  return {
    timestamp: at,
    architecture_score: score.score,
    components: {
      connection_pooling: {
        status: upstreams.length > 0 ? 'active' : 'inactive',
        improvement: score.load_test.figures?.pooling_improvement ?? null,
        pools: upstreams.map(({ name, connections, in_flight, queued }) => ({
          upstream: name,
          connections,
          in_flight,
          queued,
        })),
      },
      circuit_breakers: {
        status: protected_functions > 0 ? 'active' : 'inactive',
        protected_functions,
        total_files,
        test_endpoint: '/api/test/circuit-breaker/status',
      },
      cache_monitoring: {
        status: cache.enabled ? 'active' : 'inactive',
        hit_ratio: lifetime.hitRatio,
        total_hits: lifetime.hits,
        total_misses: lifetime.misses,
        redis: cache.redis,
      },
      request_batching: { llm_batcher: brief(llm_batcher), embedding_batcher: brief(embedding_batcher) },
      predictive_allocation: {
        status: predictions.optimization_status,
        mode: predictions.mode,
        history_size: predictions.history_size,
        predictions: predictions.predictions,
        current_allocations: predictions.current_allocations,
        skill: predictions.skill,
        coverage: predictions.coverage,
      },
    },
    performance: {
      response_time_ms: recent.latency_ms.p50,
      throughput_rps: recent.measured_s === 0 ? null : recent.requests_per_s,
      success_rate: recent.served_rate,
    },
  };
}

function brief(view: BatcherView) {
  const { total_batches, total_requests, pending_requests } = view;
  const measured = (value: number) => (total_batches === 0 ? null : value);
  return {
    total_batches,
    total_requests,
    avg_batch_size: measured(view.avg_batch_size),
    avg_wait_time_ms: measured(view.avg_wait_time_ms),
    pending_requests,
    efficiency_ratio: measured(view.efficiency_ratio),
  };
}
