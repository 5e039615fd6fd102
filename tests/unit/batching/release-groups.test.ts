import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReleaseGroups } from '#lib/batching/release-groups.ts';

const KEEP_ALIVE_MS = 300_000;

function setUp(maxWaitMs = 100) {
  const clock = { ms: 0 };
  const timers = new Set<{ at: number; run: () => void }>();
  const groups = new ReleaseGroups(
    maxWaitMs,
    KEEP_ALIVE_MS,
    () => clock.ms,
    (ms, run) => {
      const timer = { at: clock.ms + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  );
  const pass = (ms: number) => {
    const end = clock.ms + ms;
    for (;;) {
      const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers.delete(next);
      clock.ms = Math.max(clock.ms, next.at);
      next.run();
    }
    clock.ms = end;
  };
  const released: string[] = [];
  const ask = (name: string) => groups.enter(name[0] ?? '', () => released.push(name));
  return { clock, groups, released, ask, pass };
}

/** Two models that have pushed each other out. */
function swapping(maxWaitMs?: number) {
  const all = setUp(maxWaitMs);
  for (const model of ['x', 'y', 'x']) {
    all.groups.enter(model, () => {});
    all.clock.ms += 500;
    all.groups.leave(model, 500);
    all.clock.ms += 10;
  }
  return all;
}

describe('release groups', () => {
  it('let all go that wait when their server is there no more', () => {
    const { groups, released, ask } = swapping();
    for (const name of ['x1', 'y1', 'z1', 'y2']) ask(name);
    expect(released).toEqual(['x1']);
    groups.release();
    expect(released).toEqual(['x1', 'y1', 'z1', 'y2']);
    for (const name of released) groups.leave(name[0] ?? '', 0);
    expect(groups.stats().pending).toBe(0);
    ask('x2');
    expect(released.at(-1)).toBe('x2');
  });

  it('take a load for no swap when the server kept the model no longer, or was told to let go of it', () => {
    const { clock, groups } = setUp();
    const use = (model: string, loadMs: number) => {
      groups.enter(model, () => {});
      clock.ms += loadMs;
      groups.leave(model, loadMs);
    };
    use('x', 500);
    clock.ms += KEEP_ALIVE_MS;
    use('x', 500);
    groups.kept('x', 0);
    clock.ms += 10;
    use('x', 500);
    groups.kept('x', 2_000);
    clock.ms += 2_000;
    use('x', 500);
    expect(groups.isSwapping).toBe(false);
    clock.ms += 10;
    use('x', 500);
    expect(groups.isSwapping).toBe(true);
  });

  it('take one load that several callers waited for as one, and no swap', () => {
    const { clock, groups } = setUp();
    for (let each = 0; each < 3; each += 1) groups.enter('x', () => {});
    clock.ms = 600;
    groups.leave('x', 500, 600);
    clock.ms = 650;
    groups.leave('x', 400, 550);
    clock.ms = 2_000;
    groups.leave('x', 400, 1_900);
    expect(groups.isSwapping).toBe(false);
    groups.enter('x', () => {});
    clock.ms = 2_600;
    groups.leave('x', 500, 550);
    expect(groups.isSwapping).toBe(true);
  });

  it('let everybody through while nothing is swapped', () => {
    const { groups, released, ask } = setUp();
    for (const name of ['x1', 'y1', 'x2', 'z1']) ask(name);
    groups.leave('x', 300);
    groups.leave('y', 300);
    expect([released, groups.isSwapping]).toEqual([['x1', 'y1', 'x2', 'z1'], false]);
  });

  it('know a swap by a model that loads again soon after it was used', () => {
    const { groups, clock, ask } = setUp();
    const use = (name: string) => {
      ask(name);
      clock.ms += 500;
      groups.leave(name[0] ?? '', 500);
    };
    use('x1');
    use('y1');
    expect(groups.isSwapping).toBe(false);
    use('x2');
    expect(groups.isSwapping).toBe(true);
    clock.ms += 60_001;
    expect(groups.isSwapping).toBe(false);
  });

  it('release one model at a time, and all that wait for it together', () => {
    const { groups, released, ask, pass } = swapping();
    for (const name of ['x1', 'y1', 'x2', 'y2', 'x3']) ask(name);
    expect(released).toEqual(['x1', 'x2', 'x3']);
    for (let i = 0; i < 3; i += 1) groups.leave('x', 0);
    pass(1_000);
    expect(released).toEqual(['x1', 'x2', 'x3', 'y1', 'y2']);
  });

  it('close to newcomers once somebody has waited long enough', () => {
    const { groups, released, ask, clock, pass } = swapping(100);
    ask('x1');
    ask('y1');
    // A switch there and back costs 500 ms and 500 ms.
    clock.ms += 999;
    ask('x2');
    clock.ms += 1;
    ask('x3');
    expect(released).toEqual(['x1', 'x2']);
    groups.leave('x', 0);
    groups.leave('x', 0);
    expect(released).toEqual(['x1', 'x2', 'y1']);
    groups.leave('y', 0);
    pass(1_000);
    expect(released.at(-1)).toBe('x3');
  });

  it('are held a moment when they run dry, for as long as more of their model usually come', () => {
    const { groups, released, ask, pass } = swapping();
    for (const name of ['x1', 'x2', 'x3']) {
      ask(name);
      pass(40);
    }
    ask('y1');
    for (let i = 0; i < 3; i += 1) groups.leave('x', 0);
    expect(released).toEqual(['x1', 'x2', 'x3']);
    ask('x4');
    expect(released).toEqual(['x1', 'x2', 'x3', 'x4']);
    groups.leave('x', 0);
    expect(released.at(-1)).toBe('x4');
    pass(1_000);
    expect(released.at(-1)).toBe('y1');
  });

  it('give up a place that its caller has left', () => {
    const { groups, released, ask, pass } = swapping();
    ask('x1');
    const left = ask('y1');
    ask('z1');
    left.cancel();
    groups.leave('x', 0);
    pass(1_000);
    expect(released).toEqual(['x1', 'z1']);
  });

  it('never run two models together, lose nobody, and let nobody be passed over in more than one group', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('x', 'y', 'z').map((model) => ({ ask: model })) },
      { weight: 3, arbitrary: fc.constant({ end: true }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 150 }).map((ms) => ({ ms })) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 150 }), (actions) => {
        const { groups, pass } = swapping();
        const running: { model: string; number: number }[] = [];
        const order: { model: string; number: number }[] = [];
        let asked = 0;
        const end = () => {
          const first = running.shift();
          if (first !== undefined) groups.leave(first.model, 60);
        };
        for (const each of actions) {
          if ('ask' in each) {
            const request = { model: each.ask, number: asked };
            asked += 1;
            groups.enter(each.ask, () => {
              running.push(request);
              order.push(request);
            });
          } else if ('ms' in each) pass(each.ms);
          else end();
          expect(new Set(running.map(({ model }) => model)).size).toBeLessThanOrEqual(1);
        }
        for (let guard = 0; guard < 1_000 && (running.length > 0 || order.length < asked); guard += 1) {
          end();
          pass(100);
        }
        expect(order).toHaveLength(asked);
        const groupsOf = order.map(
          (_, at) =>
            order.slice(0, at + 1).filter(({ model }, i) => i === 0 || model !== order[i - 1]?.model).length,
        );
        for (const [at, { number }] of order.entries()) {
          const passedBy = new Set(
            order.slice(0, at).flatMap((other, i) => (other.number > number ? groupsOf[i] : [])),
          );
          passedBy.delete(groupsOf[at]);
          expect(passedBy.size).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
