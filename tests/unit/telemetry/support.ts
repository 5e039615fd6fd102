/** Telemetry on clocks that the test owns: a wall clock that may be set, and a monotonic one that only goes on. */
import { CacheCounts } from '#lib/cache/counts.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { MemoryMinuteStore } from '#lib/store/memory-minute-store.ts';
import { RequestTrace } from '#lib/telemetry/request-trace.ts';
import { Telemetry } from '#lib/telemetry/telemetry.ts';

export const START_MS = Date.parse('2026-03-01T12:00:00Z');

export class Clocks {
  wallMs = START_MS;
  monotonicMs = 5_000;

  advance(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }
}

export interface Setup {
  clocks: Clocks;
  telemetry: Telemetry;
  store: MemoryMinuteStore;
}

export function setUp(
  clocks = new Clocks(),
  store = new MemoryMinuteStore(),
  events: LoggedEvent[] = [],
): Setup {
  const telemetry = new Telemetry({
    now: () => clocks.wallMs,
    monotonicMs: () => clocks.monotonicMs,
    minutes: store,
    upstreams: () => [{ name: 'up', inFlight: 3, queued: 1, capacity: 64 }],
    cache: () => ({ total: new CacheCounts(() => 0).total(), bytes: 0, entries: 0 }),
    process: () => ({ loopDelayP99Ms: 1.5, loopDelayMaxMs: 4, cpuPercent: 12, rssMb: 100 }),
    events: (fromMs, toMs) => events.filter(({ at }) => Date.parse(at) >= fromMs && Date.parse(at) < toMs),
  });
  return { clocks, telemetry, store };
}

export function traceOf(clocks: Clocks, facts: Partial<{ id: string; model: string; stream: boolean }> = {}) {
  const trace = new RequestTrace({
    id: facts.id ?? 'r',
    endpoint: 'openai.chat',
    userAgent: null,
    atMs: clocks.wallMs,
    startedAt: clocks.monotonicMs,
  });
  trace.read(facts.model ?? 'm', facts.stream ?? false, clocks.monotonicMs);
  return trace;
}

/** A request that took so long, ended as it should, at the clocks' present. */
export function serve({ telemetry, clocks }: Setup, latencyMs: number, count = 1): void {
  for (let i = 0; i < count; i++) {
    const trace = telemetry.begin({
      id: `r${i}`,
      endpoint: 'openai.chat',
      userAgent: null,
      startedAt: clocks.monotonicMs - latencyMs,
    });
    trace.read('m', false, clocks.monotonicMs - latencyMs);
    const call = trace.callBegan('up', 'up.chat', clocks.monotonicMs - latencyMs);
    call.readyAt = clocks.monotonicMs;
    call.end('ok', clocks.monotonicMs);
    trace.answeredAt = clocks.monotonicMs;
    trace.status = 200;
    telemetry.end(trace, true);
  }
}

/** So many seconds pass, each with its tick; `each` runs before it. */
export function seconds(
  { telemetry, clocks }: Setup,
  count: number,
  each: (second: number) => void = () => {},
): void {
  for (let second = 0; second < count; second++) {
    each(second);
    clocks.advance(1_000);
    telemetry.tick();
  }
}
