/** What the batchers did, as the control plane tells it. */
import type { Batcher } from '#lib/batching/batcher.ts';
import type { ReleaseGroups } from '#lib/batching/release-groups.ts';
import {
  type BatcherView,
  type Batching,
  flushReasons,
  type ReleaseGroupsView,
  type UpstreamBatcherView,
} from '#lib/contracts/batching.ts';
import type { AnswerCache } from '#lib/gateway/answer-cache.ts';
import { Histogram } from '#lib/stats/histogram.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

type Stats = ReturnType<Batcher<unknown, unknown, unknown>['stats']>;

const SHARES = [0.5, 0.9, 0.99];

export function batchingReport(
  answers: AnswerCache,
  upstreams: readonly Upstream[],
  nowMs: number,
): Batching {
  const { embeddings, prompts } = answers;
  const embedding = upstreams.map((upstream) => embeddings.batchers.of(upstream));
  const llm = upstreams.map((upstream) => prompts.batchers.of(upstream));
  const errors = { embedding: embeddings.tokens.meanError, llm: prompts.tokens.meanError };
  return {
    timestamp: new Date(nowMs).toISOString(),
    llm_batcher: viewOf(
      llm.map((each) => each.stats()),
      0,
      errors.llm,
    ),
    embedding_batcher: viewOf(
      embedding.map((each) => each.stats()),
      embeddings.duplicates,
      errors.embedding,
    ),
    upstreams: upstreams.map(({ name, groups }, at) => ({
      name,
      llm: upstreamView(llm[at], 0, errors.llm),
      embedding: upstreamView(embedding[at], 0, errors.embedding),
      release_groups: groups === null ? null : groupsView(groups),
    })),
  };
}

function viewOf(all: readonly Stats[], duplicates: number, tokenError: number | null): BatcherView {
  const sum = (read: (stats: Stats) => number) => all.reduce((total, stats) => total + read(stats), 0);
  const batches = sum((stats) => stats.batches);
  const requests = sum((stats) => stats.entries);
  const items = sum((stats) => stats.items);
  const merged = (read: (stats: Stats) => Histogram) => {
    const histogram = new Histogram();
    for (const stats of all) histogram.merge(read(stats));
    const [p50 = null, p90 = null, p99 = null] = histogram.percentiles(SHARES);
    return { p50, p90, p99 };
  };
  const sizes = new Map<number, number>();
  for (const stats of all)
    for (const [size, count] of stats.sizes) sizes.set(size, (sizes.get(size) ?? 0) + count);
  return {
    total_batches: batches,
    total_requests: requests,
    total_items: items,
    avg_batch_size: batches === 0 ? 0 : items / batches,
    avg_wait_time_ms: requests === 0 ? 0 : sum((stats) => stats.totalWaitMs) / requests,
    pending_requests: sum((stats) => stats.pending),
    // Each upstream's own share of its own limit, by its batches.
    efficiency_ratio: batches === 0 ? 0 : sum((stats) => (stats.efficiency ?? 0) * stats.batches) / batches,
    in_flight: sum((stats) => stats.inFlight),
    failed_batches: sum((stats) => stats.failed),
    upstream_calls_avoided: Math.max(0, requests - batches),
    duplicates_removed: duplicates,
    wait_ms: merged((stats) => stats.waits),
    run_ms: merged((stats) => stats.runs),
    flush_reasons: Object.fromEntries(
      flushReasons.map((reason) => [reason, sum((stats) => stats.reasons[reason])]),
    ) as BatcherView['flush_reasons'],
    sizes: [...sizes].sort(([a], [b]) => a - b).map(([size, count]) => ({ size, batches: count })),
    token_estimate_error: tokenError,
  };
}

function upstreamView<T, R, E>(
  batcher: Batcher<T, R, E> | undefined,
  duplicates: number,
  tokenError: number | null,
): UpstreamBatcherView {
  if (batcher === undefined) throw new Error('an upstream without a batcher');
  const stats = batcher.stats();
  const { maxSize, maxWaitMs, maxTokens, maxBytes } = batcher.limits;
  return {
    ...viewOf([stats], duplicates, tokenError),
    limits: { max_size: maxSize, max_wait_ms: maxWaitMs, max_tokens: maxTokens, max_bytes: maxBytes },
    cost_line:
      stats.line === null
        ? null
        : { per_item_ms: stats.line.perItemMs, per_call_ms: stats.line.perCallMs, calls: stats.line.calls },
    batching_pays: stats.pays,
    concurrency: stats.room,
    arrivals_per_s: stats.arrivalsPerS,
    regret_ms_per_item: stats.regretMs,
  };
}

function groupsView(groups: ReleaseGroups): ReleaseGroupsView {
  const { waited, waitMs, swaps, isSwapping, groups: count, requests, pending, model } = groups.stats();
  return {
    groups: count,
    requests,
    waited,
    avg_wait_ms: waited === 0 ? 0 : waitMs / waited,
    pending,
    loads: swaps,
    is_swapping: isSwapping,
    model,
  };
}
