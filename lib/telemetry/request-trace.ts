/**
 * What one request went through, noted as it goes: cheap enough for every request. All times are monotonic
 * milliseconds; what was said is never kept.
 */
import type { AnswerKind } from '#lib/contracts/requests.ts';
import { type ErrorCode, HTTP_STATUS } from '#lib/errors.ts';
import type { Endpoint, Operation, Usage } from '#lib/protocols/types.ts';

/** A call to an upstream. */
export class CallTrace {
  readonly component: string;
  readonly startedAt: number;
  firstByteAt: number | null = null;
  /** When the upstream had delivered what the client's first byte needed: its first event, or the whole answer. */
  readyAt: number | null = null;
  endedAt: number | null = null;
  outcome = 'running';

  constructor(component: string, startedAt: number) {
    this.component = component;
    this.startedAt = startedAt;
  }

  end(outcome: string, at: number): void {
    if (this.endedAt !== null) return;
    this.outcome = outcome;
    this.endedAt = at;
  }
}

/** What a call tells those who wait for it. */
export interface CallObserver {
  batchBegan(at: number): void;
  batchEnded(at: number): void;
  queueBegan(at: number): void;
  queueEnded(at: number): void;
  callBegan(upstream: string, component: string, at: number): CallTrace;
}

/** Several requests that wait for the same call. */
export class SharedTrace implements CallObserver {
  readonly #traces: readonly RequestTrace[];

  constructor(traces: readonly RequestTrace[]) {
    this.#traces = traces;
  }

  batchBegan(at: number): void {
    for (const trace of this.#traces) trace.batchBegan(at);
  }

  batchEnded(at: number): void {
    for (const trace of this.#traces) trace.batchEnded(at);
  }

  queueBegan(at: number): void {
    for (const trace of this.#traces) trace.queueBegan(at);
  }

  queueEnded(at: number): void {
    for (const trace of this.#traces) trace.queueEnded(at);
  }

  callBegan(upstream: string, component: string, at: number): CallTrace {
    const call = new CallTrace(component, at);
    for (const trace of this.#traces) trace.joined(call, upstream);
    return call;
  }
}

export interface RefusalTrace {
  readonly component: string;
  readonly at: number;
  readonly reason: string;
}

export class RequestTrace implements CallObserver {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly userAgent: string | null;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly startedAt: number;
  model: string | null = null;
  stream = false;
  readAt: number | null = null;
  /** When the look into the cache ended; null when there was none. */
  lookedUpAt: number | null = null;
  /** Waits for a slot: from, and how long. */
  queueStartedAt: number | null = null;
  queueEndedAt: number | null = null;
  queueMs = 0;
  /** The wait for a batch: from, and until its call began. */
  batchStartedAt: number | null = null;
  batchEndedAt: number | null = null;
  readonly calls: CallTrace[] = [];
  readonly refusals: RefusalTrace[] = [];
  answeredAt: number | null = null;
  endedAt: number | null = null;
  upstream: string | null = null;
  component: string | null = null;
  usage: Usage | null = null;
  errorCode: ErrorCode | null = null;
  status = 0;
  how: AnswerKind = 'upstream';

  constructor(facts: {
    id: string;
    endpoint: Endpoint;
    userAgent: string | null;
    atMs: number;
    startedAt: number;
  }) {
    this.id = facts.id;
    this.endpoint = facts.endpoint;
    this.userAgent = facts.userAgent;
    this.atMs = facts.atMs;
    this.startedAt = facts.startedAt;
  }

  read(model: string, stream: boolean, at: number): void {
    this.model = model;
    this.stream = stream;
    this.readAt = at;
  }

  batchBegan(at: number): void {
    this.batchStartedAt ??= at;
    this.batchEndedAt = null;
  }

  batchEnded(at: number): void {
    this.batchEndedAt ??= at;
  }

  queueBegan(at: number): void {
    this.queueStartedAt ??= at;
    this.queueEndedAt = null;
  }

  queueEnded(at: number): void {
    if (this.queueStartedAt === null || this.queueEndedAt !== null) return;
    this.queueEndedAt = at;
    this.queueMs += at - this.queueStartedAt;
  }

  callBegan(upstream: string, component: string, at: number): CallTrace {
    const call = new CallTrace(component, at);
    this.joined(call, upstream);
    return call;
  }

  /** A call that others wait for too. */
  joined(call: CallTrace, upstream: string): void {
    this.calls.push(call);
    this.upstream = upstream;
    this.component = call.component;
  }

  refused(component: string, reason: string, at: number): void {
    this.refusals.push({ component, at, reason });
  }

  /** The client was told of an error of that code. */
  failed(code: ErrorCode): void {
    this.errorCode = code;
    this.how = KIND_OF_CODE[code] ?? (HTTP_STATUS[code] < 500 ? 'rejected' : 'failed');
  }

  /** The client was given an upstream's own error. */
  rejectedByUpstream(status: number): void {
    const isCallersFault = status < 500 && status !== 408 && status !== 429;
    this.how = isCallersFault ? 'rejected' : 'failed';
  }

  /** What it added to the upstreams' own time until the client's first byte, in ms; null when none was sent. */
  get addedMs(): number | null {
    if (this.answeredAt === null || this.readAt === null) return null;
    let upstreamMs = 0;
    for (const call of this.calls) {
      const end = call.readyAt ?? call.endedAt;
      if (end !== null) upstreamMs += end - call.startedAt;
    }
    return Math.max(0, this.answeredAt - this.readAt - upstreamMs);
  }
}

/** Refusals of ours, which say nothing against the request. */
const KIND_OF_CODE: Partial<Record<ErrorCode, AnswerKind>> = {
  circuit_open: 'refused',
  queue_full: 'refused',
  not_ready: 'refused',
  shutting_down: 'refused',
  client_closed: 'cancelled',
};

const OPERATIONS: Record<Endpoint, Operation> = {
  'openai.chat': 'chat',
  'openai.completions': 'completions',
  'openai.embeddings': 'embeddings',
  'ollama.chat': 'chat',
  'ollama.generate': 'completions',
  'ollama.embed': 'embeddings',
  'ollama.embeddings': 'embeddings',
};

export function operationOf(endpoint: Endpoint): Operation {
  return OPERATIONS[endpoint];
}
