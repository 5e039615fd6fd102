import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SwitchgearError } from '#lib/errors.ts';
import { Slots } from '#lib/upstream/slots.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const limits = { capacity: 2, queue: 2, queueWaitMs: 1_000 };
const never = () => {
  throw new Error('must not be refused');
};

it('serves a queue of any length when each one gives its slot back at once', () => {
  const waiting = 20_000;
  const slots = new Slots({ capacity: 1, queue: waiting, queueWaitMs: 60_000 });
  expect(slots.tryAcquire()).toBe(true);
  let served = 0;
  for (let i = 0; i < waiting; i++) {
    slots.wait(
      null,
      () => {
        served += 1;
        slots.release();
      },
      () => {},
    );
  }
  slots.release();
  expect([served, slots.inFlight, slots.queued]).toEqual([waiting, 0, 0]);
});

describe('slots', () => {
  it('once closed refuse those that wait and those that come, and take back what is held', () => {
    const slots = new Slots(limits);
    slots.tryAcquire();
    slots.tryAcquire();
    const gone = { code: 'shutting_down' } as SwitchgearError;
    const refused: SwitchgearError[] = [];
    slots.wait(null, never, (error) => refused.push(error));
    slots.close(gone);
    slots.release();
    expect(slots.tryAcquire()).toBe(false);
    slots.wait(null, never, (error) => refused.push(error));
    slots.release();
    expect([refused, slots.inFlight, slots.queued]).toEqual([[gone, gone], 0, 0]);
  });

  it('grants up to its capacity and queues the rest, first in, first out', () => {
    const slots = new Slots(limits);
    expect([slots.tryAcquire(), slots.tryAcquire(), slots.tryAcquire()]).toEqual([true, true, false]);
    const served: string[] = [];
    slots.wait(null, () => served.push('a'), never);
    slots.wait(null, () => served.push('b'), never);
    slots.release();
    expect(served).toEqual(['a']);
    slots.release();
    expect(served).toEqual(['a', 'b']);
    expect(slots.inFlight).toBe(2);
  });

  it('lets nobody overtake the queue', () => {
    const slots = new Slots({ ...limits, capacity: 1 });
    slots.tryAcquire();
    slots.wait(null, () => {}, never);
    expect(slots.tryAcquire()).toBe(false);
  });

  it('refuses at once with queue_full and the time that the queue takes to drain', () => {
    let now = 0;
    const slots = new Slots({ capacity: 1, queue: 1, queueWaitMs: 1_000 }, () => now);
    for (const at of [0, 500]) {
      now = at;
      slots.tryAcquire();
      slots.release();
    }
    slots.tryAcquire();
    slots.wait(null, () => {}, never);
    const refusals: SwitchgearError[] = [];
    slots.wait(null, never, (error) => refusals.push(error));
    expect(refusals.map((error) => [error.code, error.retryAfterMs])).toEqual([['queue_full', 1_000]]);
  });

  it('refuses one that has waited too long, and leaves no timer behind', () => {
    const slots = new Slots({ ...limits, capacity: 1 });
    slots.tryAcquire();
    const refusals: string[] = [];
    slots.wait(null, never, (error) => refusals.push(error.code));
    vi.advanceTimersByTime(999);
    expect(refusals).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(refusals).toEqual(['queue_full']);
    expect([slots.queued, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('takes a cancelled waiter out of the queue', () => {
    const slots = new Slots({ ...limits, capacity: 1 });
    slots.tryAcquire();
    const served: string[] = [];
    const first = slots.wait(null, () => served.push('a'), never);
    slots.wait(null, () => served.push('b'), never);
    first.cancel();
    slots.release();
    expect(served).toEqual(['b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('serves the queue at once when its capacity grows', () => {
    const slots = new Slots({ ...limits, capacity: 1 });
    slots.tryAcquire();
    let served = false;
    slots.wait(
      null,
      () => {
        served = true;
      },
      never,
    );
    slots.setLimits({ ...limits, capacity: 2 });
    expect(served).toBe(true);
  });

  it('never runs more than its capacity, loses nobody and serves in order, whatever happens', () => {
    const step = fc.constantFrom('arrive', 'finish', 'cancel', 'grow', 'shrink');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const slots = new Slots({ capacity: 3, queue: 1_000, queueWaitMs: 1_000 });
        let capacity = 3;
        let running = 0;
        let next = 0;
        const waiting = new Map<number, { cancel(): void }>();
        const order: number[] = [];
        for (const what of steps) {
          if (what === 'arrive') {
            const id = next++;
            if (slots.tryAcquire()) running += 1;
            else {
              const handle = slots.wait(
                null,
                () => {
                  running += 1;
                  order.push(id);
                  waiting.delete(id);
                },
                never,
              );
              waiting.set(id, handle);
            }
          } else if (what === 'finish' && running > 0) {
            running -= 1;
            slots.release();
          } else if (what === 'cancel') {
            const [last] = [...waiting.keys()].slice(-1);
            if (last !== undefined) {
              waiting.get(last)?.cancel();
              waiting.delete(last);
            }
          } else if (what === 'grow' || what === 'shrink') {
            capacity = what === 'grow' ? 4 : 3;
            slots.setLimits({ capacity, queue: 1_000, queueWaitMs: 1_000 });
          }
          expect(slots.inFlight).toBe(running);
          expect(slots.queued).toBe(waiting.size);
          expect(running).toBeLessThanOrEqual(4);
          if (running < capacity) expect(waiting.size).toBe(0);
        }
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }),
    );
  });

  it('holds a model at its own limit, and lets others past those of it that wait', () => {
    const slots = new Slots({ capacity: 10, queue: 10, queueWaitMs: 1_000 });
    slots.setModelLimits(new Map([['large', 1]]));
    expect([slots.tryAcquire('large'), slots.tryAcquire('large'), slots.tryAcquire('small')]).toEqual([
      true,
      false,
      true,
    ]);
    const served: string[] = [];
    slots.wait('large', () => served.push('large'), never);
    slots.wait('small', () => served.push('small'), never);
    slots.release('small');
    expect(served).toEqual(['small']);
    expect([...slots.demands()]).toEqual([
      ['large', 2],
      ['small', 1],
    ]);
    slots.release('large');
    expect(served).toEqual(['small', 'large']);
  });

  it('serves at once those that a lifted limit held', () => {
    const slots = new Slots({ capacity: 10, queue: 10, queueWaitMs: 1_000 });
    slots.setModelLimits(new Map([['large', 1]]));
    slots.tryAcquire('large');
    const served: string[] = [];
    slots.wait('large', () => served.push('large'), never);
    slots.setModelLimits(new Map());
    expect(served).toEqual(['large']);
  });
});
