/** Failure drills as they run: real faults, real calls, the component's own breaker. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Drill, type DrillRequest, drillRequestSchema, drillSchema } from '#lib/contracts/drills.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript } from '../support/scripts.ts';

/** Opens within a second and tries again soon. */
const BREAKER = { minimum_calls: 5, window_s: 1, open_s: 0.3, half_open_calls: 2, failure_rate_percent: 50 };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function gatewayOf(upstream: object, more: object = {}): Promise<TestGateway> {
  const gateway = await startGateway({ upstreams: [{ breaker: BREAKER, ...upstream }], ...more });
  open.push(gateway);
  return gateway;
}

const drill = (given: object): DrillRequest =>
  drillRequestSchema.parse({ duration_s: 1.5, rate: 0.6, ...given });

/** Resolves with the drill as it ended. */
function ended(gateway: TestGateway): Promise<Drill> {
  return new Promise((resolve) => {
    gateway.runtime.events.subscribe(({ type, detail }) => {
      if (type === 'drill_ended') resolve(drillSchema.parse(detail));
    });
  });
}

describe('a drill', () => {
  it.each(['lab.chat', 'lab.completions', 'lab.embeddings'])(
    'of %s opens, leaks nothing, and recovers',
    async (component) => {
      const gateway = await gatewayOf({ name: 'lab', kind: 'lab' });
      const over = ended(gateway);
      const begun = await gateway.runtime.drills.start(drill({ component }), 'tester');
      expect(begun).toMatchObject({ status: 'running', phase: 'fault', by: 'tester' });
      const result = await over;
      expect(result).toMatchObject({ status: 'passed', end_cause: 'finished', calls_leaked: 0 });
      expect(result.time_to_open_ms).toBeGreaterThan(0);
      expect(result.time_to_recover_ms).not.toBeNull();
      expect(result.probes).toBeGreaterThanOrEqual(BREAKER.half_open_calls);
      expect(result.calls.refused).toBeGreaterThan(0);
      expect(result.transitions[0]).toMatchObject({ from: 'closed', to: 'open', cause: 'failure_rate' });
      expect(result.transitions.at(-1)).toMatchObject({ to: 'closed' });
      expect(gateway.runtime.faults.list()).toEqual([]);
      expect(gateway.runtime.drills.get(result.id)).toEqual(result);
    },
  );

  it('of a real upstream needs leave, and then strikes in front of it', async () => {
    const upstream = await ScriptedUpstream.start(ollamaScript);
    open.push(upstream);
    const config = { name: 'real', kind: 'ollama', url: upstream.url, models: ['m'] };
    const barred = await gatewayOf(config);
    await expect(
      barred.runtime.drills.start(drill({ component: 'real.chat' }), 'tester'),
    ).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(upstream.seen).toEqual([]);
    const allowed = await gatewayOf(config, { lab: { allow_faults: true } });
    const over = ended(allowed);
    await allowed.runtime.drills.start(drill({ component: 'real.chat' }), 'tester');
    expect(await over).toMatchObject({ status: 'passed', calls_leaked: 0 });
  });

  it('that cannot open its breaker fails, and says why', async () => {
    const gateway = await gatewayOf({ name: 'lab', kind: 'lab' });
    const over = ended(gateway);
    await gateway.runtime.drills.start(
      drill({ component: 'lab.chat', fault: 'latency', latency_ms: 5, rate: 1 }),
      'tester',
    );
    const result = await over;
    expect(result).toMatchObject({ status: 'failed', time_to_open_ms: null, time_to_recover_ms: null });
    expect(result.checks[0]).toMatchObject({
      passed: false,
      measured: expect.stringContaining('5 ms more is not slow'),
    });
  });

  it('can be stopped: its fault is gone at once, and its result says so', async () => {
    const gateway = await gatewayOf({ name: 'lab', kind: 'lab' });
    const { drills, faults } = gateway.runtime;
    const { id } = await drills.start(drill({ component: 'lab.chat', duration_s: 600 }), 'tester');
    expect(faults.list()).toHaveLength(1);
    await expect(drills.start(drill({ component: 'lab.chat' }), 'tester')).rejects.toThrow(/running already/);
    expect(drills.stop(id)).toMatchObject({ status: 'failed', end_cause: 'stopped', phase: 'over' });
    expect(faults.list()).toEqual([]);
    expect(() => drills.stop(id)).toThrow(/over already/);
  });

  it.each([
    ['nobody.chat', 'not_found', /Unknown component 'nobody.chat'; known are/],
    ['test', 'unprocessable', /protects no model calls/],
    ['lab.admin', 'unprocessable', /protects no model calls/],
  ])('of %s is refused', async (component, code, message) => {
    const gateway = await gatewayOf({ name: 'lab', kind: 'lab' });
    const refused = gateway.runtime.drills.start(drill({ component }), 'tester');
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('of a breaker that is held, or open, is refused', async () => {
    const gateway = await gatewayOf({ name: 'lab', kind: 'lab' });
    const breaker = gateway.runtime.breakers.require('lab.chat');
    breaker.trip({ by: 'ann' });
    const start = () => gateway.runtime.drills.start(drill({ component: 'lab.chat' }), 'tester');
    await expect(start()).rejects.toThrow(/is held/);
    breaker.lift({ by: 'ann' });
    for (let i = 0; i < 5; i++) {
      const permit = breaker.admit();
      if (permit.admitted) permit.settle({ kind: 'failure', failure: 'injected', message: 'x' });
    }
    await expect(start()).rejects.toThrow(/is open; a drill begins closed/);
  });
});
