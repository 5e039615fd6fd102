import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batcher, type BatchLimits, type BatchOutcome, type EntryOrder } from '#lib/batching/batcher.ts';
import { CostLine } from '#lib/batching/cost-line.ts';

const LIMITS: BatchLimits = {
  maxSize: 4,
  maxWaitMs: 50,
  maxTokens: 1e9,
  maxBytes: 1e9,
  maxQueued: 1_000,
  maxInFlight: 64,
};

type Outcome = BatchOutcome<string, string>;
interface Call {
  payloads: string[];
  report: (outcome: Outcome) => void;
  isAborted: boolean;
}

/** A batcher on a clock of the test's own, whose calls the test answers. */
function setUp(limits: Partial<BatchLimits> = {}) {
  const clock = { ms: 0 };
  const timers = new Set<{ at: number; run: () => void }>();
  const calls: Call[] = [];
  const soon: (() => void)[] = [];
  const batcher = new Batcher<string, string, string>({
    limits: { ...LIMITS, ...limits },
    now: () => clock.ms,
    soon: (run) => soon.push(run),
    after: (ms, run) => {
      const timer = { at: clock.ms + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    run: (payloads, report) => {
      const call = { payloads: [...payloads], report, isAborted: false };
      calls.push(call);
      return {
        abort: () => {
          call.isAborted = true;
        },
      };
    },
  });
  const settle = () => {
    while (soon.length > 0) for (const run of soon.splice(0)) run();
  };
  const results: Record<string, string> = {};
  const facts: Record<string, { entries: number; size: number; waitMs: number }> = {};
  const put = (payload: string, more: Partial<EntryOrder<string, string, string>> = {}) =>
    batcher.add({
      group: 'g',
      payload,
      weight: 1,
      tokens: 1,
      bytes: 1,
      done: (result, batch) => {
        results[payload] = result;
        facts[payload] = batch;
      },
      failed: (error) => {
        results[payload] = `failed: ${typeof error === 'string' ? error : error.message}`;
      },
      ...more,
    });
  return {
    batcher,
    clock,
    calls,
    results,
    facts,
    put,
    settle,
    pass(ms: number) {
      const end = clock.ms + ms;
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers.delete(next);
        clock.ms = Math.max(clock.ms, next.at);
        next.run();
        settle();
      }
      clock.ms = end;
    },
    answer(call: Call | undefined) {
      call?.report({ kind: 'done', results: call.payloads.map((payload) => `<${payload}>`) });
      settle();
    },
  };
}
const payloadsOf = (calls: readonly Call[]) => calls.map(({ payloads }) => payloads);

describe('dispatch', () => {
  it('a lone entry leaves at once, and those of one moment together', () => {
    const { put, settle, calls, answer, facts, pass } = setUp();
    put('a');
    settle();
    answer(calls[0]);
    expect([payloadsOf(calls), facts.a]).toEqual([[['a']], { entries: 1, size: 1, waitMs: 0 }]);
    pass(100);
    put('b');
    put('c');
    settle();
    expect(payloadsOf(calls)[1]).toEqual(['b', 'c']);
  });

  it('while a batch is in flight the next one gathers, and leaves when it ends', () => {
    const { put, settle, calls, answer, pass, results } = setUp();
    put('a');
    settle();
    pass(5);
    put('b');
    pass(5);
    put('c');
    settle();
    expect(calls).toHaveLength(1);
    answer(calls[0]);
    expect(payloadsOf(calls)).toEqual([['a'], ['b', 'c']]);
    answer(calls[1]);
    expect(results).toEqual({ a: '<a>', b: '<b>', c: '<c>' });
  });

  it('never longer than max_wait from the oldest, however busy', () => {
    const { put, settle, calls, pass, batcher } = setUp();
    put('a');
    settle();
    put('b');
    pass(30);
    put('c');
    settle();
    pass(19.9);
    expect(calls).toHaveLength(1);
    pass(0.2);
    expect(payloadsOf(calls)).toEqual([['a'], ['b', 'c']]);
    expect(batcher.stats().reasons).toMatchObject({ idle: 1, deadline: 1 });
  });

  it('a full one leaves though others are in flight; what does not fit keeps its place', () => {
    const { put, settle, calls } = setUp();
    put('first');
    settle();
    put('a', { weight: 2 });
    put('b', { weight: 3 });
    put('c', { weight: 1 });
    settle();
    expect(payloadsOf(calls)).toEqual([['first'], ['a'], ['b', 'c']]);
  });

  it('one that is larger than a batch goes alone', () => {
    const { put, settle, calls } = setUp();
    put('huge', { weight: 100 });
    put('b');
    settle();
    expect(payloadsOf(calls)).toEqual([['huge']]);
  });

  it('budgets of tokens and bytes close a batch', () => {
    const { put, settle, calls, batcher } = setUp({ maxTokens: 10, maxBytes: 100 });
    for (const [name, tokens, bytes] of [
      ['a', 6, 1],
      ['b', 6, 1],
      ['c', 1, 99],
      ['d', 1, 99],
    ] as const)
      put(name, { tokens, bytes });
    settle();
    expect(payloadsOf(calls)).toEqual([['a'], ['b', 'c']]);
    expect(batcher.stats().reasons).toMatchObject({ tokens: 1, bytes: 1 });
  });

  it('groups never share a call, and the oldest goes first', () => {
    const { put, settle, calls, answer, pass } = setUp();
    put('first');
    settle();
    put('x1', { group: 'x' });
    put('y1', { group: 'y' });
    put('x2', { group: 'x' });
    settle();
    answer(calls[0]);
    pass(5);
    answer(calls[1]);
    pass(60);
    expect(payloadsOf(calls)).toEqual([['first'], ['x1', 'x2'], ['y1']]);
  });

  it('waits for a fuller one when many come, until they stop coming', () => {
    const { put, settle, calls, pass } = setUp({ maxSize: 20 });
    for (let at = 0; at < 12; at += 1) {
      put(`a${at}`);
      settle();
      pass(1);
    }
    const before = calls.length;
    expect(before).toBeLessThan(6);
    pass(20);
    expect(calls.flatMap(({ payloads }) => payloads)).toHaveLength(calls[0]?.payloads.length ?? 0);
  });

  it('a stale timer does nothing to the batch after it', () => {
    const { put, settle, calls, pass, answer } = setUp();
    put('a');
    settle();
    put('b');
    settle();
    pass(49);
    answer(calls[0]);
    expect(payloadsOf(calls)).toEqual([['a'], ['b']]);
    answer(calls[1]);
    put('c');
    put('d');
    settle();
    put('e');
    settle();
    pass(5);
    expect(payloadsOf(calls)).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  it('learns not to wait where batching cannot pay', () => {
    const line = new CostLine();
    for (let size = 1; size <= 20; size += 1) line.add(size, 3 * size);
    expect([line.pays(20), line.fitted?.perCallMs]).toEqual([false, expect.closeTo(0)]);
    const fixed = new CostLine();
    for (let size = 1; size <= 20; size += 1) fixed.add(size, 30 + 2 * size);
    expect([fixed.pays(20), fixed.fitted]).toEqual([
      true,
      { perItemMs: expect.closeTo(2), perCallMs: expect.closeTo(30), calls: 20 },
    ]);
  });
});

describe('outcomes', () => {
  it('a refusal of the whole is halved until it is known whose fault it is', () => {
    const { put, settle, calls, answer, results } = setUp();
    for (const name of ['a', 'b', 'bad', 'd']) put(name);
    settle();
    for (let at = 0; at < calls.length; at += 1) {
      const call = calls[at];
      if (call?.payloads.includes('bad') === true)
        call.report({ kind: 'failed', error: 'bad item', blamesItems: true });
      else answer(call);
      settle();
    }
    expect(results).toEqual({ a: '<a>', b: '<b>', bad: 'failed: bad item', d: '<d>' });
    const sent = payloadsOf(calls).map((each) => each.join());
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent).toEqual(['a,b,bad,d', 'a,b', 'bad,d', 'bad', 'd']);
  });

  it('a failure that is nobody’s in particular is everybody’s, and nothing is sent again', () => {
    const { put, settle, calls, results } = setUp();
    put('a');
    put('b');
    settle();
    calls[0]?.report({ kind: 'failed', error: 'down', blamesItems: false });
    expect([results, calls.length]).toEqual([{ a: 'failed: down', b: 'failed: down' }, 1]);
  });

  it('too few or too many results fail the batch, and are never shifted', () => {
    const { put, settle, calls, results } = setUp();
    put('a');
    put('b');
    settle();
    calls[0]?.report({ kind: 'done', results: ['only one'] });
    expect(results.a).toMatch(/1 results for 2 entries/);
    expect(results.b).toMatch(/1 results for 2 entries/);
  });

  it('what the call itself throws reaches those who wait', () => {
    const results: unknown[] = [];
    const batcher = new Batcher<string, string, Error>({
      limits: LIMITS,
      now: () => 0,
      soon: (run) => run(),
      run: () => {
        throw new Error('broken');
      },
    });
    batcher.add({
      group: 'g',
      payload: 'a',
      weight: 1,
      tokens: 1,
      bytes: 1,
      done: () => {},
      failed: (error) => results.push(error),
    });
    expect(results).toEqual([expect.objectContaining({ message: 'broken' })]);
  });
});

describe('cancel', () => {
  it('takes a queued one out, drops one in flight, and aborts only when nobody is left', () => {
    const { put, settle, calls, answer, results, batcher, pass } = setUp();
    const a = put('a');
    const b = put('b');
    settle();
    const c = put('c');
    settle();
    c.cancel();
    expect(batcher.stats().pending).toBe(0);
    a.cancel();
    expect(calls[0]?.isAborted).toBe(false);
    b.cancel();
    expect([calls[0]?.isAborted, batcher.stats().inFlight]).toEqual([true, 0]);
    answer(calls[0]);
    expect(results).toEqual({});
    pass(200);
    put('d');
    settle();
    expect(payloadsOf(calls)).toEqual([['a', 'b'], ['d']]);
  });
});

describe('bounds', () => {
  it('a full queue says when to come back, by how fast it drains', () => {
    const { put, settle, calls, pass, answer } = setUp({ maxQueued: 3, maxInFlight: 1 });
    put('a');
    settle();
    pass(100);
    put('b');
    settle();
    answer(calls[0]);
    pass(400);
    answer(calls[1]);
    put('c');
    settle();
    for (const name of ['d', 'e', 'f']) put(name);
    const refused = (() => {
      try {
        put('g');
      } catch (thrown) {
        return thrown as { code: string; retryAfterMs: number };
      }
      return null;
    })();
    expect(refused?.code).toBe('queue_full');
    expect(refused?.retryAfterMs).toBe(1_600);
  });

  it('never more in flight than allowed, full or not', () => {
    const { put, settle, calls, answer } = setUp({ maxInFlight: 2 });
    for (let at = 0; at < 20; at += 1) put(`a${at}`);
    settle();
    expect(calls).toHaveLength(2);
    answer(calls[0]);
    expect(calls).toHaveLength(3);
  });

  it('drains at once when it is told to, and fails the rest when it is closed', () => {
    const { put, settle, calls, batcher, results } = setUp({ maxInFlight: 2 });
    put('a');
    settle();
    put('b');
    settle();
    batcher.drain();
    expect(payloadsOf(calls)).toEqual([['a'], ['b']]);
    put('c');
    settle();
    batcher.close();
    expect(results.c).toMatch(/shutting down/);
    expect(() => put('d')).toThrow(/shutting down/);
  });
});

describe('whatever happens', () => {
  it('each gets its own result exactly once, none is lost, and order is kept within a group', () => {
    const action = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('add' as const),
          group: fc.constantFrom('x', 'y'),
          weight: fc.integer({ min: 1, max: 6 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 60 }) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), at: fc.nat(20) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('fail' as const), at: fc.nat(20), blamesItems: fc.boolean() }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), at: fc.nat(50) }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const { put, settle, pass, answer, calls, batcher } = setUp({ maxInFlight: 4 });
        const outcomes = new Map<string, string[]>();
        const handles: { name: string; cancel(): void }[] = [];
        const cancelled = new Set<string>();
        const bad = new Set<string>();
        const open = () => calls.filter((call) => !answered.has(call) && !call.isAborted);
        const answered = new Set<Call>();
        for (const each of actions) {
          if (each.do === 'add') {
            const name = `${each.group}${handles.length}`;
            outcomes.set(name, []);
            const note = (text: string) => outcomes.get(name)?.push(text);
            const handle = put(name, {
              group: each.group,
              weight: each.weight,
              done: (result) => note(result),
              failed: (error) => note(`failed: ${error}`),
            });
            handles.push({ name, cancel: () => handle.cancel() });
            settle();
          } else if (each.do === 'pass') pass(each.ms);
          else if (each.do === 'cancel') {
            const handle = handles[each.at];
            if (handle === undefined || (outcomes.get(handle.name)?.length ?? 0) > 0) continue;
            cancelled.add(handle.name);
            handle.cancel();
          } else {
            const call = open()[each.at];
            if (call === undefined) continue;
            answered.add(call);
            if (each.do === 'answer') answer(call);
            else {
              if (!each.blamesItems || call.payloads.length === 1)
                for (const name of call.payloads) bad.add(name);
              call.report({ kind: 'failed', error: 'no', blamesItems: each.blamesItems });
              settle();
            }
          }
        }
        for (let guard = 0; guard < 500 && (open().length > 0 || batcher.stats().pending > 0); guard += 1) {
          pass(60);
          const [call] = open();
          if (call !== undefined) {
            answered.add(call);
            answer(call);
          }
        }
        for (const [name, seen] of outcomes) {
          if (cancelled.has(name)) expect(seen).toEqual([]);
          else expect(seen).toEqual([bad.has(name) ? 'failed: no' : `<${name}>`]);
        }
        for (const { payloads } of calls) {
          expect(new Set(payloads.map((name) => name[0])).size).toBe(1);
          const numbers = payloads.map((name) => Number(name.slice(1)));
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
        expect(batcher.stats()).toMatchObject({ pending: 0, inFlight: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
