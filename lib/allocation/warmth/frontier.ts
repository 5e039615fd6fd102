/**
 * Cold starts against idle-warm time, over the same uses: of fixed keep-alives, and of the learned policy for several
 * λ. Every model begins cold; what is learned is learned on the way, from what came before.
 */
import type { Calendar } from '#lib/allocation/calendar.ts';
import { WarmthPolicy } from '#lib/allocation/warmth/policy.ts';

export interface Use {
  readonly model: string;
  /** Epoch seconds, ascending over all uses. */
  readonly atS: number;
  /** How long the model is busy with it. */
  readonly busyS: number;
}

export interface Gap {
  readonly model: string;
  /** When the model's last use had ended; null before its first. */
  readonly idleFromS: number | null;
  readonly startS: number;
}

export interface WarmthCost {
  readonly cold_starts: number;
  readonly idle_warm_minutes: number;
}

export interface FrontierOptions {
  readonly calendar: Calendar;
  /** Gaps that end before are learned from and not counted. Epoch seconds. */
  readonly countFromS?: number;
}

/** Fixed keep-alives, minutes. */
export const FIXED_MINUTES = [5, 10, 30] as const;
/** Idle minutes that a cold start is worth, along the frontier. */
export const LAMBDA_MINUTES = [1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1_000] as const;

const ROUNDING_S = 1e-6;

/** Stretches in which a model was idle, in the order of their ends. What comes after a model's last use is none. */
export function gapsOf(uses: readonly Use[]): Gap[] {
  const last = new Map<string, number>();
  const gaps: Gap[] = [];
  for (const { model, atS, busyS } of uses) {
    const idleFromS = last.get(model) ?? null;
    if (idleFromS === null || atS > idleFromS) gaps.push({ model, idleFromS, startS: atS });
    last.set(model, Math.max(idleFromS ?? atS, atS + busyS));
  }
  return gaps;
}

export function fixedCost(gaps: readonly Gap[], keepAliveS: number, countFromS = 0): WarmthCost {
  return costOf(gaps, countFromS, ({ idleFromS, startS }) => {
    const gapS = idleFromS === null ? null : startS - idleFromS;
    return { cold: gapS === null || gapS > keepAliveS, idleS: Math.min(gapS ?? 0, keepAliveS) };
  });
}

export function learnedCost(gaps: readonly Gap[], lambdaS: number, options: FrontierOptions): WarmthCost {
  const policy = new WarmthPolicy(options.calendar);
  return costOf(gaps, options.countFromS ?? 0, ({ model, idleFromS, startS }) => {
    if (idleFromS === null) return { cold: true, idleS: 0 };
    const cost = policy.replay(model, idleFromS, startS, lambdaS);
    policy.learn(model, idleFromS, startS, lambdaS);
    return cost;
  });
}

function costOf(
  gaps: readonly Gap[],
  countFromS: number,
  cost: (gap: Gap) => { cold: boolean; idleS: number },
): WarmthCost {
  let [cold, idleS] = [0, 0];
  for (const gap of gaps) {
    const each = cost(gap);
    if (gap.startS < countFromS) continue;
    if (each.cold) cold += 1;
    idleS += each.idleS;
  }
  return { cold_starts: cold, idle_warm_minutes: idleS / 60 };
}

/** Cold starts of the fixed keep-alive that costs as many idle-warm minutes, or less where none costs as many. */
export function fixedAtBudget(gaps: readonly Gap[], budgetMinutes: number, countFromS = 0): number {
  const counted = gaps.filter(({ startS }) => startS >= countFromS);
  const lengths = counted.flatMap(({ idleFromS, startS }) =>
    idleFromS === null ? [] : [startS - idleFromS],
  );
  lengths.sort((a, b) => a - b);
  const first = counted.length - lengths.length;
  let spentS = 0;
  for (const [index, lengthS] of lengths.entries()) {
    // Keeping for this length costs what the shorter ones took, and as much for each that is as long or longer.
    if (spentS + lengthS * (lengths.length - index) > budgetMinutes * 60 + ROUNDING_S)
      return first + lengths.length - index;
    spentS += lengthS;
  }
  return first;
}
