/** What batching is to reach, judged from the medians. */
import type { Verdict } from '../breaker/goals.ts';

export interface Figures {
  /** Requests/s at 64 callers over those of unbatched calls. */
  throughputAt64: number;
  /** Milliseconds that a lone caller's median is longer than unbatched. */
  loneAddedMs: number;
  /** p99 over the fixed window's, at every number of callers. */
  p99OverFixed: readonly number[];
  efficiencyAt64: number;
  /** Loads of first come, first served over ours; and ours p99 over its. */
  loadsSaved: number;
  chatP99OverFifo: number;
}

export function judge(figures: Figures): Verdict[] {
  const worst = Math.max(...figures.p99OverFixed);
  return [
    {
      goal: 'at 64 callers at least 8 × the requests/s without batching',
      measured: `${figures.throughputAt64.toFixed(1)} ×`,
      reached: figures.throughputAt64 >= 8,
    },
    {
      goal: 'a lone caller waits at most 1 ms longer',
      measured: `${figures.loneAddedMs.toFixed(2)} ms`,
      reached: figures.loneAddedMs <= 1,
    },
    {
      goal: 'p99 no worse than a fixed window’s at every load',
      measured: `at worst ${worst.toFixed(2)} ×`,
      reached: worst <= 1,
    },
    {
      goal: 'efficiency ratio above 0.7 at 64 callers',
      measured: figures.efficiencyAt64.toFixed(2),
      reached: figures.efficiencyAt64 > 0.7,
    },
    {
      goal: 'chats: at least 5 times fewer loads than first come, first served',
      measured: `${figures.loadsSaved.toFixed(1)} ×`,
      reached: figures.loadsSaved >= 5,
    },
    {
      goal: 'chats: p99 no worse than first come, first served',
      measured: `${figures.chatP99OverFifo.toFixed(2)} ×`,
      reached: figures.chatP99OverFifo <= 1,
    },
  ];
}
