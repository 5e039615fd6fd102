import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { faultRequestSchema, faultSchema } from '#lib/contracts/faults.ts';
import type { ActiveFault } from '#lib/lab/fault-plan.ts';
import { type FaultEvent, FaultRegistry, type FaultTarget, MAX_FAULTS } from '#lib/lab/faults.ts';

class RecordingTarget implements FaultTarget {
  readonly applied = new Map<string, { fault: ActiveFault; onStruck: (newStrikes: number) => void }>();

  applyFault(fault: ActiveFault, onStruck: (newStrikes: number) => void): void {
    this.applied.set(fault.id, { fault, onStruck });
  }

  removeFault(id: string): void {
    this.applied.delete(id);
  }
}

let target: RecordingTarget;
let real: RecordingTarget;
let isThere: boolean;
let events: FaultEvent[];
let allowed: boolean;
let registry: FaultRegistry;

const request = (fields: Record<string, unknown> = {}) =>
  faultRequestSchema.parse({ upstream: 'bench', kind: 'error', duration_s: 60, ...fields });

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  target = new RecordingTarget();
  real = new RecordingTarget();
  isThere = true;
  events = [];
  allowed = false;
  let ids = 0;
  registry = new FaultRegistry({
    now: Date.now,
    randomId: () => `fault-${++ids}`,
    allowRealUpstreams: () => allowed,
    targets: (name) => (isThere ? { bench: target, prod: real }[name] : undefined),
    isReal: (name) => name === 'prod',
    names: () => ['bench', 'prod'],
    onEvent: (event) => events.push(event),
  });
});

afterEach(() => {
  registry.close();
  vi.useRealTimers();
});

describe('the fault registry', () => {
  it('applies a fault to its lab and shows it as the contract says', () => {
    const fault = registry.inject(request({ reason: 'drill' }), 'admin');
    expect(fault).toEqual({
      id: 'fault-1',
      upstream: 'bench',
      kind: 'error',
      rate: 1,
      status: 500,
      started_at: '2026-01-01T00:00:00.000Z',
      ends_at: '2026-01-01T00:01:00.000Z',
      struck: 0,
      by: 'admin',
      reason: 'drill',
    });
    expect(faultSchema.parse(fault)).toEqual(fault);
    expect(target.applied.get('fault-1')?.fault).toMatchObject({ kind: 'error', status: 500, rate: 1 });
    expect(events).toEqual([{ type: 'fault_injected', fault, cause: 'operator', by: 'admin' }]);
  });

  it.each([
    [{ kind: 'latency' }, { latency_ms: 1_000 }],
    [{ kind: 'latency', latency_ms: 30 }, { latency_ms: 30 }],
    [{ kind: 'error', status: 503 }, { status: 503 }],
    [{ kind: 'rate_limit', status: 500 }, { status: 429 }],
  ])('gives %j the strength %j', (fields, strength) => {
    expect(registry.inject(request(fields), 'admin')).toMatchObject(strength);
  });

  it('counts strikes as the lab tells them', () => {
    registry.inject(request(), 'admin');
    target.applied.get('fault-1')?.onStruck(2);
    target.applied.get('fault-1')?.onStruck(3);
    expect(registry.list()).toMatchObject([{ id: 'fault-1', struck: 5 }]);
  });

  it('names the upstreams there are when one is unknown', () => {
    expect(() => registry.inject(request({ upstream: 'nope' }), 'admin')).toThrow(
      expect.objectContaining({ code: 'not_found', message: expect.stringContaining('bench, prod') }),
    );
  });

  it('refuses a real upstream and names the setting that would allow it', () => {
    expect(() => registry.inject(request({ upstream: 'prod' }), 'admin')).toThrow(
      expect.objectContaining({ code: 'forbidden', message: expect.stringContaining('lab.allow_faults') }),
    );
  });

  it('takes a real upstream when the configuration allows it, and ends the fault when it no longer does', () => {
    allowed = true;
    const { id } = registry.inject(request({ upstream: 'prod' }), 'admin');
    expect([...real.applied.keys()]).toEqual([id]);
    registry.review();
    expect(registry.list()).toHaveLength(1);
    allowed = false;
    registry.review();
    expect(registry.list()).toEqual([]);
    expect(real.applied.size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'fault_ended', cause: 'forbidden', by: null });
  });

  it('ends a fault whose upstream is gone', () => {
    registry.inject(request(), 'admin');
    isThere = false;
    registry.review();
    expect(registry.list()).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'fault_ended', cause: 'upstream_removed' });
  });

  it('ends a fault by itself when its time is up', () => {
    registry.inject(request({ duration_s: 2 }), 'admin');
    vi.advanceTimersByTime(1_999);
    expect(registry.list()).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(registry.list()).toEqual([]);
    expect(target.applied.size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'fault_ended', cause: 'expired', by: null });
  });

  it('ends a fault on request, once', () => {
    registry.inject(request(), 'admin');
    expect(registry.remove('fault-1', 'bob')).toMatchObject({ id: 'fault-1' });
    expect(target.applied.size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'fault_ended', cause: 'operator', by: 'bob' });
    expect(() => registry.remove('fault-1', 'bob')).toThrow(expect.objectContaining({ code: 'not_found' }));
    vi.advanceTimersByTime(60_000);
    expect(events).toHaveLength(2);
  });

  it('hands the active faults to a lab that was started anew, and goes on counting', () => {
    registry.inject(request(), 'admin');
    target.applied.get('fault-1')?.onStruck(2);
    const fresh = new RecordingTarget();
    registry.reapply('other', fresh);
    expect(fresh.applied.size).toBe(0);
    registry.reapply('bench', fresh);
    fresh.applied.get('fault-1')?.onStruck(1);
    expect(registry.list()).toMatchObject([{ struck: 3 }]);
  });

  it(`takes ${MAX_FAULTS} faults and no more`, () => {
    for (let count = 0; count < MAX_FAULTS; count += 1) registry.inject(request(), 'admin');
    expect(() => registry.inject(request(), 'admin')).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  it('ends all faults at shutdown', () => {
    registry.inject(request(), 'admin');
    registry.inject(request(), 'admin');
    registry.close();
    expect(registry.list()).toEqual([]);
    expect(events.filter(({ cause }) => cause === 'shutdown')).toHaveLength(2);
  });
});
