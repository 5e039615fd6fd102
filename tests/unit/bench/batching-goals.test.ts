import { expect, it } from 'vitest';
import { FirstComeFirstServed } from '../../../bench/batching/chats.ts';
import { judge } from '../../../bench/batching/goals.ts';

const AT_LIMIT = {
  throughputAt64: 8,
  loneAddedMs: 1,
  p99OverFixed: [1, 0.5],
  efficiencyAt64: 0.71,
  loadsSaved: 5,
  chatP99OverFifo: 1,
};
const reached = (figures: typeof AT_LIMIT) => judge(figures).map((verdict) => verdict.reached);

it('finds each goal reached at its limit, and missed just beyond it', () => {
  expect(reached(AT_LIMIT)).toEqual([true, true, true, true, true, true]);
  const beyond = {
    throughputAt64: 7.9,
    loneAddedMs: 1.01,
    p99OverFixed: [0.5, 1.01],
    efficiencyAt64: 0.7,
    loadsSaved: 4.9,
    chatP99OverFifo: 1.01,
  };
  expect(reached(beyond)).toEqual([false, false, false, false, false, false]);
});

it('first come, first served lets nobody past who came later', async () => {
  const gate = new FirstComeFirstServed();
  const order: string[] = [];
  const enter = (name: string) => gate.enter(name[0] ?? '').then(() => order.push(name));
  const all = ['x1', 'y1', 'x2'].map(enter);
  await all[0];
  expect(order).toEqual(['x1']);
  gate.leave();
  await all[1];
  gate.leave();
  await all[2];
  expect(order).toEqual(['x1', 'y1', 'x2']);
});
