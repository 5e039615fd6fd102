/** Five hundred upstreams, of which few are ever called: what they make of answers, and of what is streamed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakerListSchema } from '#lib/contracts/breakers.ts';
import { SHOWN, type Snapshot, snapshotSchema } from '#lib/contracts/snapshot.ts';
import * as breakers from '#lib/control/breakers.ts';
import { checked } from '#lib/control/route.ts';
import { MAX_DETAILED, MAX_DETAILED_MODELS } from '#lib/telemetry/prometheus.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const UPSTREAMS = 500;
const COMPONENTS = 4 * UPSTREAMS + 1;
/** What one console may be sent in a second, what a scrape may be with a hundred components called. */
const MAX_STREAM_BYTES = 100_000;
const MAX_METRICS_BYTES = 1_000_000;

/** What is kept outside the heap (windows, rings, histograms) while nothing is called. */
const MAX_IDLE_BUFFER_BYTES = 20_000_000;

let gateway: TestGateway;
let bufferBytes = 0;
beforeAll(async () => {
  const before = process.memoryUsage().arrayBuffers;
  gateway = await startGateway({
    upstreams: Array.from({ length: UPSTREAMS }, (_, index) => ({
      name: `upstream-${index}`,
      kind: 'openai',
      // Nothing listens there, and nothing calls.
      url: 'http://127.0.0.1:9/v1',
      models: [`model-${index}`],
    })),
  });
  bufferBytes = process.memoryUsage().arrayBuffers - before;
});
afterAll(async () => {
  await gateway.close();
});

const operations = ['chat', 'completions', 'embeddings', 'admin'] as const;
const nameOf = (index: number) =>
  `upstream-${Math.floor(index / operations.length)}.${operations[index % operations.length]}`;

/** As a call of each of the first so many would leave them. */
function call(count: number): void {
  for (let index = 0; index < count; index++) {
    const permit = gateway.runtime.breakers.require(nameOf(index)).admit();
    if (permit.admitted) permit.settle({ kind: 'success' });
  }
}

/** A request to each of the first so many upstreams' models, streamed, with its tokens. */
function serve(count: number): void {
  const { telemetry } = gateway.runtime;
  for (let index = 0; index < count; index++) {
    const facts = {
      id: 'x',
      endpoint: 'openai.chat',
      userAgent: null,
      startedAt: performance.now(),
    } as const;
    const trace = telemetry.begin(facts);
    trace.read(`model-${index}`, true, performance.now());
    trace.callBegan(`upstream-${index}`, nameOf(index), performance.now()).end('ok', performance.now());
    trace.answeredAt = performance.now();
    trace.usage = { input: 12, output: 34, loadMs: 0 };
    telemetry.end(trace, true);
  }
}

interface Frame {
  readonly bytes: number;
  readonly snapshot: Snapshot;
}

/** The first frame of a stream and those of the seconds after it; `between` runs before each. */
async function frames(
  seconds: number,
  between: () => void = () => {},
  asked: string[] = [],
): Promise<Frame[]> {
  const view = gateway.runtime.snapshots.view(asked);
  const came = [view.latest()];
  let stop = () => {};
  await new Promise<void>((resolve) => {
    stop = view.subscribe((frame) => {
      came.push(frame);
      if (came.length > seconds) resolve();
      else between();
    });
    between();
  });
  stop();
  return came.map((frame) => ({
    bytes: frame.length,
    snapshot: snapshotSchema.parse(JSON.parse(frame.toString().replace(/^data: /, ''))),
  }));
}

const listed = (query: Record<string, string> = {}) =>
  breakerListSchema.parse(
    breakers.list({ runtime: gateway.runtime, search: (schema) => checked(schema, query) }),
  );
const scrape = () => gateway.runtime.prometheus.text();
const seriesOf = (text: string, name: string) =>
  text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('before any call', () => {
  it('a stream begins with some of them, and goes on with next to nothing', async () => {
    const [first, ...rest] = await frames(2);
    expect(first?.snapshot).toMatchObject({ is_whole: true, totals: { components: COMPONENTS } });
    expect(first?.snapshot.components).toHaveLength(SHOWN);
    expect(first?.bytes).toBeLessThan(MAX_STREAM_BYTES);
    for (const { bytes, snapshot } of rest) {
      expect(snapshot).toMatchObject({ is_whole: false, components: [], upstreams: [] });
      expect(bytes).toBeLessThan(MAX_STREAM_BYTES / 2);
    }
  });

  it('windows, rings and histograms take no room', () => {
    expect(bufferBytes).toBeLessThan(MAX_IDLE_BUFFER_BYTES);
  });

  it('a scrape has how many there are, and nothing of each', async () => {
    const text = await scrape();
    expect(seriesOf(text, 'switchgear_components')).toEqual([`switchgear_components ${COMPONENTS}`]);
    expect(seriesOf(text, 'switchgear_upstreams')).toEqual([`switchgear_upstreams ${UPSTREAMS}`]);
    for (const name of ['switchgear_breaker_state', 'switchgear_calls_total', 'switchgear_upstream_capacity'])
      expect(seriesOf(text, name)).toEqual([]);
    expect(text.length).toBeLessThan(MAX_METRICS_BYTES / 4);
  });

  it('a stream shows what it is asked for, however quiet that is', async () => {
    const asked = nameOf(1_234);
    const [first, second] = await frames(1, () => {}, [asked]);
    expect(first?.snapshot.components.map(({ name }) => name)).toContain(asked);
    expect(Object.keys(second?.snapshot.rows[0]?.values ?? {})).toContain(`calls_per_s:${asked}`);
  });

  it('all are listed, or those that match, page by page', () => {
    expect(listed().breakers).toHaveLength(COMPONENTS);
    expect(listed({ upstream: 'upstream-7' }).breakers.map(({ name }) => name)).toEqual(
      operations.map((operation) => `upstream-7.${operation}`),
    );
    const page = listed({ name: 'chat', limit: '50', offset: '490' });
    expect([page.total, page.breakers.length]).toEqual([UPSTREAMS, 10]);
    expect(() => listed({ limit: '0' })).toThrow('limit');
  });

  it('one that an operator holds is first, and in a scrape', async () => {
    const breaker = gateway.runtime.breakers.require(nameOf(1_500));
    breaker.trip({ by: 'test' });
    expect(listed({ state: 'held' }).breakers.map(({ name }) => name)).toEqual([breaker.name]);
    expect(listed({ order: 'worst', limit: '1' }).breakers[0]?.name).toBe(breaker.name);
    expect(gateway.runtime.snapshot().totals.not_closed).toBe(1);
    expect(seriesOf(await scrape(), 'switchgear_breaker_held')).toEqual([
      `switchgear_breaker_held{component="${breaker.name}"} 1`,
    ]);
    breaker.reset({ by: 'test' });
  });
});

describe('when some are called', () => {
  it('a scrape has those, and stays below a megabyte with a hundred of them', async () => {
    call(100);
    serve(100);
    const text = await scrape();
    expect(seriesOf(text, 'switchgear_calls_total')).toHaveLength(100);
    expect(seriesOf(text, 'switchgear_upstream_capacity')).toHaveLength(25);
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_METRICS_BYTES);
  });

  it('a stream stays below its bound though all are called all the time', async () => {
    call(COMPONENTS - 1);
    const [, ...rest] = await frames(3, () => call(COMPONENTS - 1));
    for (const { bytes, snapshot } of rest) {
      expect(bytes).toBeLessThan(MAX_STREAM_BYTES);
      expect(snapshot.components.length).toBeGreaterThan(0);
    }
  });

  it('a scrape has buckets for so many, and for the others together', async () => {
    serve(UPSTREAMS);
    const text = await scrape();
    const infinite = (name: string) => seriesOf(text, name).filter((line) => line.includes('le="+Inf"'));
    expect(infinite('switchgear_call_duration_seconds_bucket')).toHaveLength(MAX_DETAILED + 1);
    expect(infinite('gen_ai_server_request_duration_seconds_bucket')).toHaveLength(MAX_DETAILED_MODELS + 1);
    const counted = seriesOf(text, 'switchgear_call_duration_seconds_count');
    const calls = seriesOf(text, 'switchgear_calls_total');
    const sum = (lines: string[]) => lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    expect(sum(counted)).toBe(sum(calls));
  });
});
