/** Ticks for axes: round numbers, and times that a clock shows. */

const NICE = [1, 2, 2.5, 5, 10];
const SECOND = 1_000;
const TIME_STEPS_MS = [
  15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800,
].map((step) => step * SECOND);

/** The top of an axis that begins at zero: the next round number at or above the largest value. */
export function niceTop(largest: number): number {
  if (!(largest > 0)) return 1;
  const scale = 10 ** Math.floor(Math.log10(largest));
  const factor = NICE.find((nice) => nice * scale >= largest * (1 - 1e-9)) ?? 10;
  return factor * scale;
}

/** About `count` round local times between the ends. */
export function timeTicks(fromMs: number, toMs: number, count: number): number[] {
  const aim = (toMs - fromMs) / count;
  const stepMs = TIME_STEPS_MS.find((step) => step >= aim) ?? TIME_STEPS_MS.at(-1) ?? aim;
  // On the local clock: ticks of a day belong to midnight here, not in Greenwich.
  const offsetMs = new Date(fromMs).getTimezoneOffset() * 60 * SECOND;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs - offsetMs) / stepMs) * stepMs + offsetMs; at <= toMs; at += stepMs)
    ticks.push(at);
  return ticks;
}
