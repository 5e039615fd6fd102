import { beforeEach, describe, expect, it } from 'vitest';
import type { GenerationRequest } from '#lib/lab/compose.ts';
import { Engine } from '#lib/lab/engine.ts';
import { collect, type GenerationEvent } from '#lib/lab/events.ts';
import { LAB_MODELS } from '#lib/lab/models.ts';
import { pick } from '#lib/lab/random.ts';
import { FakeClock } from './fake-clock.ts';

const request: GenerationRequest = {
  model: pick(LAB_MODELS, () => 0),
  messages: [{ role: 'user', text: 'hello', toolName: null }],
  tools: [],
  toolChoice: 'auto',
  format: null,
  think: false,
  maxTokens: 12,
  stops: [],
  seed: 0,
  keepAliveMs: 60_000,
};
const stays = new AbortController().signal;

let clock: FakeClock;
let engine: Engine;

beforeEach(() => {
  clock = new FakeClock();
  engine = new Engine({
    clock,
    speed: 1,
    memoryBytes: 16 * 1024 ** 3,
    keepAliveMs: 300_000,
    slots: 1,
    queue: 1,
  });
});

describe('a call of the lab', () => {
  it('takes the time of its load and its tokens, and reports what it measured', async () => {
    const answer = collect(engine.generate(request, stays));
    await clock.advance(10_000);
    const { usage, reason } = await answer;
    expect(reason).toBe('length');
    expect(usage).toMatchObject({ loadMs: 800, promptTokens: 1, evalTokens: 12 });
    expect(usage.evalMs).toBeCloseTo(100, 6);
    expect(usage.totalMs).toBeCloseTo(900, 6);
  });

  it('gives tokens one at a time as their time comes', async () => {
    const events: GenerationEvent[] = [];
    const running = (async () => {
      for await (const event of engine.generate(request, stays)) events.push(event);
    })();
    await clock.advance(800 + 50);
    expect(events).toHaveLength(6);
    await clock.advance(1_000);
    await running;
    expect(events.at(-1)).toMatchObject({ type: 'done' });
  });

  it('waits while the slots are taken, and is refused when the queue is full too', async () => {
    const first = collect(engine.generate(request, stays));
    const second = collect(engine.generate(request, stays));
    await expect(collect(engine.generate(request, stays))).rejects.toMatchObject({ status: 503 });
    await clock.advance(10_000);
    expect((await second).usage.totalMs).toBeGreaterThan((await first).usage.totalMs);
  });

  it.each([10, 850])('frees its slot at once when the client leaves after %d ms', async (afterMs) => {
    const leaving = new AbortController();
    const left = collect(engine.generate(request, leaving.signal));
    left.catch(() => {});
    const next = collect(engine.generate(request, stays));
    await clock.advance(afterMs);
    leaving.abort();
    await expect(left).rejects.toThrow();
    const leftAt = clock.now();
    await clock.advance(10_000);
    const { totalMs } = (await next).usage;
    expect(totalMs).toBeCloseTo(Math.max(leftAt, 800) + 100, 6);
  });

  it('leaves the queue with its client', async () => {
    const running = collect(engine.generate(request, stays));
    const leaving = new AbortController();
    const waiting = collect(engine.generate(request, leaving.signal));
    waiting.catch(() => {});
    leaving.abort();
    await expect(waiting).rejects.toThrow();
    const next = collect(engine.generate(request, stays));
    await clock.advance(10_000);
    await expect(Promise.all([running, next])).resolves.toHaveLength(2);
  });

  it('only loads without messages, and unloads with a keep-alive of 0', async () => {
    const load = collect(engine.generate({ ...request, messages: [] }, stays));
    await clock.advance(800);
    expect((await load).reason).toBe('load');
    expect(engine.memory.list()).toHaveLength(1);
    const unload = await collect(engine.generate({ ...request, messages: [], keepAliveMs: 0 }, stays));
    expect(unload.reason).toBe('unload');
    expect(engine.memory.list()).toHaveLength(0);
  });
});
