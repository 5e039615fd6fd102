import { describe, expect, it } from 'vitest';
import { type RequestQuery, requestQuerySchema, requestRecordSchema } from '#lib/contracts/requests.ts';
import { MAX_PER_SECOND, MAX_RECORDS, RequestLog } from '#lib/telemetry/request-log.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';
import { Clocks, traceOf } from './support.ts';

const query = (given: Partial<Record<keyof RequestQuery, string>> = {}) => requestQuerySchema.parse(given);

function logged(log: RequestLog, clocks: Clocks, mark: (trace: RequestTrace) => void = () => {}, id = 'r') {
  const trace = traceOf(clocks, { id });
  mark(trace);
  trace.endedAt = clocks.monotonicMs;
  log.add(trace, clocks.monotonicMs);
}

describe('the request log', () => {
  it('leaves out what is too much for one second, counts it, and keeps failures apart', () => {
    const log = new RequestLog();
    const clocks = new Clocks();
    for (let i = 0; i < MAX_PER_SECOND + 30; i++) logged(log, clocks);
    logged(log, clocks, (trace) => trace.failed('upstream_timeout'));
    const { requests, left_out, seen } = log.query(query({ limit: '500' }));
    expect([requests.length, left_out, seen]).toEqual([MAX_PER_SECOND + 1, 30, MAX_PER_SECOND + 31]);
    expect(requests[0]?.how).toBe('failed');
  });

  it('keeps the last failures however many good requests come after them', () => {
    const log = new RequestLog();
    const clocks = new Clocks();
    logged(log, clocks, (trace) => trace.failed('circuit_open'), 'bad');
    for (let i = 0; i < MAX_RECORDS * 2; i++) {
      clocks.advance(100);
      logged(log, clocks);
    }
    expect(log.query(query({ trouble: 'true' })).requests.map(({ id }) => id)).toEqual(['bad']);
    expect(log.query(query({ limit: '500' })).requests).toHaveLength(500);
  });

  it('finds by every filter, newest first, and only what came after', () => {
    const log = new RequestLog();
    const clocks = new Clocks();
    for (const [id, upstream] of [
      ['one', 'a'],
      ['two', 'b'],
      ['three', 'a'],
    ] as const) {
      logged(
        log,
        clocks,
        (trace) => {
          trace.callBegan(upstream, `${upstream}.chat`, clocks.monotonicMs);
          clocks.advance(id === 'two' ? 500 : 5);
        },
        id,
      );
    }
    const ids = (given: Parameters<typeof query>[0]) => log.query(query(given)).requests.map(({ id }) => id);
    expect(ids({})).toEqual(['three', 'two', 'one']);
    expect(ids({ upstream: 'a' })).toEqual(['three', 'one']);
    expect(ids({ component: 'b.chat' })).toEqual(['two']);
    expect(ids({ min_ms: '100' })).toEqual(['two']);
    expect(ids({ id: 'thr' })).toEqual(['three']);
    expect(ids({ after: '2' })).toEqual(['three']);
    expect(ids({ operation: 'embeddings' })).toEqual([]);
    expect(ids({ limit: '1' })).toEqual(['three']);
    expect(log.require('two').upstream).toBe('b');
    expect(() => log.require('none')).toThrow(/"none" is not kept/);
  });

  it('tells a request’s way in spans, retries one after another', () => {
    const log = new RequestLog();
    const clocks = new Clocks();
    const trace = traceOf(clocks);
    clocks.advance(2);
    trace.queueBegan(clocks.monotonicMs);
    clocks.advance(10);
    trace.queueEnded(clocks.monotonicMs);
    const first = trace.callBegan('a', 'a.chat', clocks.monotonicMs);
    clocks.advance(30);
    first.end('http_5xx', clocks.monotonicMs);
    trace.refused('b.chat', 'open', clocks.monotonicMs);
    const second = trace.callBegan('c', 'c.chat', clocks.monotonicMs);
    clocks.advance(50);
    second.firstByteAt = clocks.monotonicMs;
    second.readyAt = clocks.monotonicMs;
    clocks.advance(1);
    trace.answeredAt = clocks.monotonicMs;
    second.end('ok', clocks.monotonicMs);
    trace.endedAt = clocks.monotonicMs;
    trace.status = 200;
    log.add(trace, clocks.monotonicMs);
    const record = requestRecordSchema.parse(log.require('r'));
    expect(
      record.spans.map(({ stage, component, duration_ms, outcome }) => [
        stage,
        component,
        duration_ms,
        outcome,
      ]),
    ).toEqual([
      ['read', null, 0, 'ok'],
      ['queue', null, 10, 'ok'],
      ['upstream', 'a.chat', 30, 'http_5xx'],
      ['breaker', 'b.chat', 0, 'open'],
      ['upstream', 'c.chat', 51, 'ok'],
    ]);
    expect(record.spans[4]?.first_byte_ms).toBe(50);
    // 2 ms before the queue, 10 ms in it, 1 ms after the upstream had delivered.
    expect(record.added_ms).toBe(13);
    expect(record.queue_ms).toBe(10);
  });
});
