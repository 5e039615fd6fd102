/** A finished trace as the record that the request log keeps. */
import type { AnswerKind, RequestRecord, Span } from '#lib/contracts/requests.ts';
import { operationOf, type RequestTrace } from '#lib/telemetry/request-trace.ts';

const MAX_MODEL_CHARS = 256;
const MAX_AGENT_CHARS = 200;

export function recordOf(trace: RequestTrace, seq: number): RequestRecord {
  const since = (at: number) => round(at - trace.startedAt);
  return {
    seq,
    id: trace.id,
    at: new Date(trace.atMs).toISOString(),
    endpoint: trace.endpoint,
    operation: operationOf(trace.endpoint),
    model: trace.model?.slice(0, MAX_MODEL_CHARS) ?? null,
    stream: trace.stream,
    upstream: trace.upstream,
    component: trace.component,
    status: trace.status,
    how: trace.how,
    error_code: trace.errorCode,
    total_ms: since(trace.endedAt ?? trace.startedAt),
    first_byte_ms: trace.answeredAt === null ? null : since(trace.answeredAt),
    added_ms: trace.addedMs === null ? null : round(trace.addedMs),
    queue_ms: round(trace.queueMs),
    tokens_in: trace.usage?.input ?? null,
    tokens_out: trace.usage?.output ?? null,
    user_agent: trace.userAgent?.slice(0, MAX_AGENT_CHARS) ?? null,
    spans: spansOf(trace, since),
  };
}

/** How a look into the cache ended, by how its request was answered. */
const LOOKS: Partial<Record<AnswerKind, string>> = { cache: 'hit', stale: 'stale', coalesced: 'coalesced' };

/** In the order in which they began. */
function spansOf(trace: RequestTrace, since: (at: number) => number): Span[] {
  const end = trace.endedAt ?? trace.startedAt;
  const spans: Span[] = [
    {
      stage: 'read',
      component: null,
      start_ms: 0,
      duration_ms: since(trace.readAt ?? end),
      first_byte_ms: null,
      outcome: trace.readAt === null ? (trace.errorCode ?? 'client_closed') : 'ok',
    },
  ];
  if (trace.readAt !== null && trace.lookedUpAt !== null) {
    const outcome = LOOKS[trace.how] ?? 'miss';
    // Who waited for another one's call waited here.
    const until = outcome === 'coalesced' ? (trace.answeredAt ?? end) : trace.lookedUpAt;
    spans.push({
      stage: 'cache',
      component: null,
      start_ms: since(trace.readAt),
      duration_ms: round(until - trace.readAt),
      first_byte_ms: null,
      outcome,
    });
  }
  if (trace.batchStartedAt !== null) {
    spans.push({
      stage: 'batch',
      component: null,
      start_ms: since(trace.batchStartedAt),
      duration_ms: round((trace.batchEndedAt ?? end) - trace.batchStartedAt),
      first_byte_ms: null,
      outcome: trace.batchEndedAt === null ? (trace.errorCode ?? 'client_closed') : 'ok',
    });
  }
  if (trace.queueStartedAt !== null) {
    spans.push({
      stage: 'queue',
      component: null,
      start_ms: since(trace.queueStartedAt),
      duration_ms: round((trace.queueEndedAt ?? end) - trace.queueStartedAt),
      first_byte_ms: null,
      outcome: trace.queueEndedAt === null ? (trace.errorCode ?? 'client_closed') : 'ok',
    });
  }
  for (const { component, at, reason } of trace.refusals) {
    const start_ms = since(at);
    spans.push({
      stage: 'breaker',
      component,
      start_ms,
      duration_ms: 0,
      first_byte_ms: null,
      outcome: reason,
    });
  }
  for (const call of trace.calls) {
    spans.push({
      stage: 'upstream',
      component: call.component,
      start_ms: since(call.startedAt),
      duration_ms: round((call.endedAt ?? end) - call.startedAt),
      first_byte_ms: call.firstByteAt === null ? null : round(call.firstByteAt - call.startedAt),
      outcome: call.outcome,
    });
  }
  return spans.toSorted((a, b) => a.start_ms - b.start_ms);
}

/** To a hundredth of a millisecond: finer than any clock here can be trusted. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
