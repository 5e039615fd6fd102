/** The guided demo on real labs, faults, breakers and threads. */
import { afterEach, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const BREAKER = { minimum_calls: 3, window_s: 2, open_s: 60 };

let gateway: TestGateway | null = null;
afterEach(async () => {
  await gateway?.close();
  gateway = null;
});

it('keeps callers served while the same requests fail without it, and leaves no fault behind', async () => {
  const labs = ['lab', 'lab-standby'].map((name) => ({ name, kind: 'lab', breaker: BREAKER }));
  gateway = await startGateway({ upstreams: labs });
  const { tour, breakers, faults, workload } = gateway.runtime;
  const figures = () => tour.view().steps.find(({ state }) => state === 'now')?.figures;
  await tour.start({ auto: false }, 'tester');
  await until(() => (figures()?.with.served ?? 0) >= 5 && (figures()?.without.served ?? 0) >= 5);
  expect(figures()).toMatchObject({ with: { failed: 0 }, without: { failed: 0 } });
  tour.next('tester');
  await until(() => breakers.require('lab.chat').state === 'open' && (figures()?.without.failed ?? 0) > 5);
  tour.next('tester');
  await until(() => (figures()?.with.answers ?? 0) >= 10 && (figures()?.without.answers ?? 0) >= 10);
  expect(figures()?.with.failed).toBe(0);
  // What was sent before the failure may still be answered.
  expect(figures()?.without.served_share).toBeLessThan(0.5);
  expect(figures()?.with.upstreams['lab-standby']).toBeGreaterThan(0);
  tour.stop('tester');
  expect(faults.list()).toEqual([]);
  expect(workload.status().state).toBe('running');
}, 60_000);

it('does not break real upstreams', async () => {
  gateway = await startGateway({
    upstreams: [
      { name: 'lab', kind: 'ollama', url: 'http://127.0.0.1:9' },
      { name: 'lab-standby', kind: 'lab' },
    ],
  });
  await expect(gateway.runtime.tour.start({ auto: true }, 'tester')).rejects.toMatchObject({
    code: 'conflict',
  });
});
