import { expect, it } from 'vitest';
import { ModelUsage, type ModelUse } from '#lib/upstream/model-usage.ts';

function setUp() {
  const clock = { ms: 1_000 };
  const uses: ModelUse[] = [];
  const usage = new ModelUsage(
    () => clock.ms,
    (use) => uses.push(use),
  );
  const call = (model: string, durationMs: number, loadMs: number | null) => {
    usage.began(model);
    clock.ms += durationMs;
    if (loadMs !== null) usage.served(model, loadMs);
    usage.ended(model, durationMs);
  };
  return { clock, uses, usage, call };
}

it('tells of the first use once it has succeeded, and of each use after an idle time', () => {
  const { clock, uses, call } = setUp();
  call('a', 100, 0);
  clock.ms += 500;
  call('a', 100, 0);
  expect(uses).toEqual([
    { model: 'a', idleFromMs: null, startMs: 1_000 },
    { model: 'a', idleFromMs: 1_100, startMs: 1_600 },
  ]);
});

it('tells of one use while calls overlap', () => {
  const { uses, usage, call } = setUp();
  call('a', 10, 0);
  usage.began('a');
  usage.began('a');
  usage.ended('a', 5);
  usage.began('a');
  expect(uses).toHaveLength(2);
});

it('counts calls, their time and loads until they are taken', () => {
  const { usage, call } = setUp();
  call('a', 100, 80);
  call('a', 50, 2);
  expect(usage.take()).toMatchObject([{ model: 'a', calls: 2, totalMs: 150, coldStarts: 1, loadMs: 80 }]);
  expect(usage.take()).toMatchObject([{ model: 'a', calls: 0, coldStarts: 0 }]);
});

it('forgets names that nobody serves', () => {
  const { usage, uses, call } = setUp();
  for (let each = 0; each < 300; each += 1) call(`made-up-${each}`, 1, null);
  expect([usage.take(), uses]).toEqual([[], []]);
  call('real', 1, 0);
  expect(usage.take()).toHaveLength(1);
});
