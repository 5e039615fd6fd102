import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILTERS, type Filters, isNarrowed, matches, queryOf } from '#components/requests/filters.ts';
import { HOW } from '#components/requests/how.ts';
import { merged, PAGE } from '#components/requests/merge.ts';
import { tickStepMs, waterfallOf } from '#components/requests/waterfall.ts';
import { errorInWords, outcomeInWords, stageInWords } from '#components/requests/words.ts';
import { answerKinds, type RequestRecord, requestQuerySchema, type Span } from '#lib/contracts/requests.ts';
import { HTTP_STATUS } from '#lib/errors.ts';
import { RequestLog } from '#lib/telemetry/request-log.ts';
import { Clocks, traceOf } from '../telemetry/support.ts';

const span = (more: Partial<Span> = {}): Span => ({
  stage: 'upstream',
  component: 'up.chat',
  start_ms: 0,
  duration_ms: 10,
  first_byte_ms: null,
  outcome: 'ok',
  ...more,
});

const record = (more: Partial<RequestRecord> = {}): RequestRecord => ({
  seq: 1,
  id: 'a',
  at: '2026-03-01T10:00:00.000Z',
  endpoint: 'openai.chat',
  operation: 'chat',
  model: 'm',
  stream: false,
  upstream: 'up',
  component: 'up.chat',
  status: 200,
  how: 'upstream',
  error_code: null,
  total_ms: 100,
  first_byte_ms: 100,
  added_ms: 1,
  queue_ms: 0,
  tokens_in: 1,
  tokens_out: 2,
  user_agent: null,
  spans: [],
  ...more,
});

describe('the filters of the request log', () => {
  it('are asked for in one order, whatever the order they were set in', () => {
    expect(queryOf({ id: 'a b', upstream: 'up' })).toBe('upstream=up&id=a+b');
    expect(queryOf({ upstream: 'up', id: 'a b' })).toBe(queryOf({ id: 'a b', upstream: 'up' }));
    expect([isNarrowed({}), isNarrowed({ how: 'failed' })]).toEqual([false, true]);
  });

  it('choose in a pause what the server would choose', () => {
    const log = new RequestLog();
    const clocks = new Clocks();
    for (const [index, code] of [null, 'upstream_timeout', 'circuit_open', null, 'client_closed'].entries()) {
      const trace = traceOf(clocks, { id: `request-${index}` });
      trace.read(index % 2 === 0 ? 'small' : 'large', false, clocks.monotonicMs);
      if (index > 0) trace.callBegan(index < 3 ? 'a' : 'b', 'a.chat', clocks.monotonicMs);
      if (code !== null) trace.failed(code as 'circuit_open');
      clocks.advance(10 * index);
      trace.endedAt = clocks.monotonicMs;
      log.add(trace, clocks.monotonicMs);
    }
    const all = log.query(requestQuerySchema.parse({})).requests;
    const filters = fc.record(
      {
        upstream: fc.constantFrom('a', 'b', 'c'),
        operation: fc.constantFrom('chat', 'embeddings'),
        model: fc.constantFrom('small', 'large', 'other'),
        how: fc.constantFrom(...answerKinds),
        trouble: fc.constantFrom('true', 'false'),
        min_ms: fc.integer({ min: 0, max: 60 }).map(String),
        id: fc.constantFrom('request', '-3', 'nothing'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(filters, (chosen: Filters) => {
        const query = Object.fromEntries(new URLSearchParams(queryOf(chosen)));
        const asked = log.query(requestQuerySchema.parse(query)).requests;
        expect(all.filter((each) => matches(each, chosen))).toEqual(asked);
      }),
    );
  });

  it('are all known to the server', () => {
    for (const name of FILTERS) expect(Object.keys(requestQuerySchema.shape)).toContain(name);
  });
});

describe('the list on the page', () => {
  const records = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => record({ seq: first + count - 1 - index }));
  const seqs = (list: readonly RequestRecord[]) => list.map(({ seq }) => seq);

  it('puts what came since on top, and lets go of the oldest', () => {
    expect(seqs(merged(records(1, 3), records(4, 2)))).toEqual([5, 4, 3, 2, 1]);
    const full = merged(records(1, PAGE), records(PAGE + 1, 2));
    expect([full.length, full[0]?.seq, full.at(-1)?.seq]).toEqual([PAGE, PAGE + 2, 3]);
  });

  it('begins anew where there may be a hole', () => {
    expect(seqs(merged(records(1, 3), records(50, PAGE)))).toEqual(seqs(records(50, PAGE)));
  });

  it('stays the same when nothing came', () => {
    const kept = records(1, 3);
    expect(merged(kept, [])).toBe(kept);
  });
});

describe('the waterfall', () => {
  it('lays spans on the scale of the whole request', () => {
    const { bars, clientPercent, scaleMs } = waterfallOf(
      record({
        total_ms: 200,
        first_byte_ms: 150,
        spans: [
          span({ stage: 'read', duration_ms: 20 }),
          span({ start_ms: 50, duration_ms: 150, first_byte_ms: 50 }),
        ],
      }),
    );
    expect([scaleMs, clientPercent]).toEqual([200, 75]);
    expect(
      bars.map(({ leftPercent, widthPercent, firstBytePercent }) => [
        leftPercent,
        widthPercent,
        firstBytePercent,
      ]),
    ).toEqual([
      [0, 10, null],
      [25, 75, 50],
    ]);
  });

  it('keeps everything within its width, whatever the times', () => {
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
    const spans = fc.array(
      fc.record({ start_ms: ms, duration_ms: ms, first_byte_ms: fc.option(ms) }).map(span),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(spans, ms, fc.option(ms), (given, total_ms, first_byte_ms) => {
        const { bars, ticks, clientPercent } = waterfallOf(record({ spans: given, total_ms, first_byte_ms }));
        const percents = bars.flatMap(({ leftPercent, widthPercent, firstBytePercent }) => [
          leftPercent + widthPercent - 1e-6,
          leftPercent,
          firstBytePercent ?? 0,
        ]);
        for (const percent of [...percents, ...ticks.map((tick) => tick.percent), clientPercent ?? 0]) {
          expect(percent).toBeGreaterThanOrEqual(-1e-6);
          expect(percent).toBeLessThanOrEqual(100);
        }
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(5);
      }),
    );
  });

  it.each([
    [340, 100],
    [4.7, 2],
    [1_000, 500],
    [0.8, 0.2],
    [61_000, 20_000],
  ])('marks %d ms in steps of %d', (scaleMs, stepMs) => {
    expect(tickStepMs(scaleMs)).toBeCloseTo(stepMs, 9);
  });
});

describe('words', () => {
  it('say what every error code and every way of answering means', () => {
    for (const code of Object.keys(HTTP_STATUS)) expect(errorInWords(code)).toMatch(/^[A-Z].*\.$/);
    for (const kind of answerKinds) expect(HOW[kind].label).not.toBe('');
    expect(errorInWords('model_is_tired')).toBe('model is tired');
  });

  it('say how a stage ended', () => {
    expect(['ok', 'http_404', 'http_5xx', 'held_open', 'stream_error'].map(outcomeInWords)).toEqual([
      'ok',
      'HTTP 404',
      'failed, HTTP 5xx',
      'refused, breaker held open',
      'stream error',
    ]);
  });

  it('count calls where there is more than one', () => {
    const calls = [span(), span({ start_ms: 20 })];
    const all = [span({ stage: 'read' }), ...calls];
    expect(all.map((each) => stageInWords(each, all))).toEqual([
      'read request',
      'call 1 of 2',
      'call 2 of 2',
    ]);
    expect(stageInWords(all[1] ?? span(), all.slice(0, 2))).toBe('call');
  });
});
