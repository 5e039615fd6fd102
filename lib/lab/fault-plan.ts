/**
 * Which faults strike a call. Every active fault rolls once per call, in the order of injection; delays add up, and
 * the first fault of another kind that strikes decides how the call goes.
 */
import type { Fault } from '#lib/contracts/faults.ts';

/** What the lab needs to know of a fault. Plain data: it crosses into the worker. */
export interface ActiveFault {
  readonly id: string;
  readonly kind: Fault['kind'];
  readonly rate: number;
  readonly status: number;
  readonly latencyMs: number;
  /** Epoch milliseconds. */
  readonly endsAtMs: number;
}

export type Outcome =
  | { readonly kind: 'error' | 'rate_limit'; readonly status: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut' };

export interface Strike {
  /** The faults that struck. */
  readonly ids: readonly string[];
  readonly delayMs: number;
  /** How the call ends; null when it is answered as usual. */
  readonly outcome: Outcome | null;
}

/** @param random uniform in [0, 1) */
export function planStrike(faults: Iterable<ActiveFault>, nowMs: number, random: () => number): Strike {
  const ids: string[] = [];
  let delayMs = 0;
  let outcome: Outcome | null = null;
  for (const fault of faults) {
    if (nowMs >= fault.endsAtMs || (outcome !== null && fault.kind !== 'latency')) continue;
    if (random() >= fault.rate) continue;
    ids.push(fault.id);
    if (fault.kind === 'latency') delayMs += fault.latencyMs;
    else outcome = outcomeOf(fault);
  }
  return { ids, delayMs, outcome };
}

function outcomeOf(fault: ActiveFault): Outcome {
  switch (fault.kind) {
    case 'rate_limit':
      return { kind: 'rate_limit', status: 429 };
    case 'hang':
    case 'cut':
      return { kind: fault.kind };
    default:
      return { kind: 'error', status: fault.status };
  }
}
