/**
 * Records requests as the gateway does, in a process of its own with `--expose-gc`, on clocks that this file turns: a
 * second for every so many requests. Answers what a request cost in each block, and the heap after it.
 */

import { Counter, Histogram, Registry } from 'prom-client';
import { CacheCounts } from '#lib/cache/counts.ts';
import { MemoryMinuteStore } from '#lib/store/memory-minute-store.ts';
import { Telemetry } from '#lib/telemetry/telemetry.ts';

export type Recorder = 'switchgear' | 'prom-client';

export interface Block {
  /** Requests recorded so far. */
  requests: number;
  nsPerRequest: number;
  /** Used after a full collection, less what was used before the first request. */
  heapMib: number;
}

/** What the gateway passes in a second under full load. */
const REQUESTS_PER_SECOND = 8_000;
const MODELS = ['m-large', 'm-small', 'm-embed'];
const COMPONENTS = ['a.chat', 'a.embeddings', 'b.chat'];

const [recorder, blocks, perBlock] = process.argv.slice(2);
process.send?.(measure(recorder as Recorder, Number(blocks), Number(perBlock)));

function measure(name: Recorder, count: number, size: number): Block[] {
  const record = name === 'switchgear' ? ownRecorder() : promClientRecorder();
  const measured: Block[] = [];
  // Once unmeasured, so that the first block does not pay for compiling.
  for (let request = 0; request < size / 10; request++) record(request);
  const before = heapMib();
  for (let block = 1; block <= count; block++) {
    const startedAt = process.hrtime.bigint();
    for (let request = 0; request < size; request++) record(request);
    const ns = Number(process.hrtime.bigint() - startedAt);
    measured.push({ requests: block * size, nsPerRequest: ns / size, heapMib: heapMib() - before });
  }
  return measured;
}

/** A request with one call, and the tick of each second: windows, rows of a minute, the log of requests. */
function ownRecorder(): (request: number) => void {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  const telemetry = new Telemetry({
    now: () => nowMs,
    monotonicMs: () => nowMs,
    minutes: new MemoryMinuteStore(),
    upstreams: () => [{ name: 'a', inFlight: 1, queued: 0, capacity: 64 }],
    cache: () => ({ total: new CacheCounts(() => 0).total(), bytes: 0, entries: 0 }),
    process: () => ({ loopDelayP99Ms: 0, loopDelayMaxMs: 0, cpuPercent: 0, rssMb: 0 }),
    events: () => [],
  });
  const meters = COMPONENTS.map((component) => telemetry.meterOf(component));
  return (request) => {
    const latencyMs = latencyOf(request);
    const component = COMPONENTS[request % COMPONENTS.length] ?? '';
    const trace = telemetry.begin({ id: 'r', endpoint: 'openai.chat', userAgent: null, startedAt: nowMs });
    trace.read(MODELS[request % MODELS.length] ?? '', false, nowMs);
    const call = trace.callBegan('a', component, nowMs);
    call.readyAt = nowMs + latencyMs;
    trace.answeredAt = nowMs + latencyMs;
    trace.status = 200;
    call.end('ok', nowMs + latencyMs);
    meters[request % meters.length]?.call(latencyMs, request % 100 === 0);
    telemetry.end(trace, true);
    nowMs += 1_000 / REQUESTS_PER_SECOND;
    if (request % REQUESTS_PER_SECOND === REQUESTS_PER_SECOND - 1) {
      nowMs = Math.round(nowMs / 1_000) * 1_000;
      telemetry.tick();
    }
  };
}

/** What a wrapper of one's own would do: two counters and two histograms with labels. */
function promClientRecorder(): (request: number) => void {
  const registers = [new Registry()];
  const requests = new Counter({ name: 'requests', help: 'r', labelNames: ['model', 'how'], registers });
  const calls = new Counter({ name: 'calls', help: 'c', labelNames: ['component', 'outcome'], registers });
  const duration = new Histogram({ name: 'duration', help: 'd', labelNames: ['model'], registers });
  const callDuration = new Histogram({ name: 'call', help: 'd', labelNames: ['component'], registers });
  return (request) => {
    const seconds = latencyOf(request) / 1_000;
    const model = MODELS[request % MODELS.length] ?? '';
    const component = COMPONENTS[request % COMPONENTS.length] ?? '';
    requests.inc({ model, how: 'upstream' });
    calls.inc({ component, outcome: request % 100 === 0 ? 'failed' : 'ok' });
    duration.observe({ model }, seconds);
    callDuration.observe({ component }, seconds);
  };
}

/** 1 to about 1,000 ms, most of them short, the same in every run. */
function latencyOf(request: number): number {
  return 10 ** ((((request * 7_919) % 1_000) / 1_000) * 3);
}

function heapMib(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}
