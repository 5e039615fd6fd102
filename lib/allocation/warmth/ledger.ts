/** What keeping models warm has cost and saved, entry by entry; every percentage that is shown is made from it. */
import type { WarmReason } from '#lib/allocation/warmth/policy.ts';

export interface LedgerEntry {
  readonly id: number;
  readonly upstream: string;
  readonly model: string;
  readonly reason: WarmReason;
  /** Epoch seconds. */
  readonly atS: number;
  outcome: 'pending' | 'used' | 'wasted' | 'failed';
  endedS: number | null;
  /** Whether the server's own keep-alive would have let its next use begin cold; null until it was used. */
  wouldHaveBeenCold: boolean | null;
}

export interface GapCost {
  readonly cold: boolean;
  readonly idleS: number;
}

export interface GapCosts {
  readonly ours: GapCost;
  readonly usual: GapCost;
  readonly lambdaS: number;
  readonly startS: number;
}

export interface Counted {
  coldStarts: number;
  idleS: number;
  /** With a cold start at λ, seconds. */
  costS: number;
}

const MAX_ENTRIES = 500;
/** Gaps that a promotion is decided by. */
const RECENT_GAPS = 1_000;
const MIN_GAPS = 20;

export class Ledger {
  /** Calls that waited for a load, and time in memory unused, both as measured. */
  coldStarts = 0;
  idleWarmS = 0;
  unloads = 0;
  readonly #entries: LedgerEntry[] = [];
  readonly #open = new Map<string, LedgerEntry>();
  readonly #recent: GapCosts[] = [];
  #next = 1;
  #gaps = 0;
  readonly #totals = { ours: nothing(), usual: nothing() };

  /** Newest first. */
  entries(limit: number): LedgerEntry[] {
    return this.#entries.slice(-limit).reverse();
  }

  get preloads(): Record<LedgerEntry['outcome'], number> {
    const counts = { pending: 0, used: 0, wasted: 0, failed: 0 };
    for (const { outcome } of this.#entries) counts[outcome] += 1;
    return counts;
  }

  /** Over all gaps: what the policy would have cost or has, and what the server's own keep-alive would have. */
  get totals(): { gaps: number; ours: Counted; usual: Counted } {
    return { gaps: this.#gaps, ours: { ...this.#totals.ours }, usual: { ...this.#totals.usual } };
  }

  /** Why the policy has not earned to act; null when it has. */
  get refusal(): string | null {
    if (this.#recent.length < MIN_GAPS)
      return `learning: ${this.#recent.length} of ${MIN_GAPS} gaps between uses seen`;
    const sum = (side: 'ours' | 'usual') =>
      this.#recent.reduce((total, gap) => total + (gap[side].cold ? gap.lambdaS : 0) + gap[side].idleS, 0);
    const [ours, usual] = [sum('ours'), sum('usual')];
    if (ours < usual) return null;
    return `over the last ${this.#recent.length} gaps it costs ${Math.round((ours / Math.max(usual, 1)) * 100)} % of the server's own keep-alive`;
  }

  gap(key: string, costs: GapCosts): void {
    this.#gaps += 1;
    for (const side of ['ours', 'usual'] as const) {
      const total = this.#totals[side];
      total.coldStarts += costs[side].cold ? 1 : 0;
      total.idleS += costs[side].idleS;
      total.costS += costs[side].idleS + (costs[side].cold ? costs.lambdaS : 0);
    }
    this.#recent.push(costs);
    if (this.#recent.length > RECENT_GAPS) this.#recent.shift();
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#close(key, open, 'used', costs.startS);
    open.wouldHaveBeenCold = costs.usual.cold;
  }

  preload(
    { upstream, model }: { upstream: string; model: string },
    key: string,
    reason: WarmReason,
    atS: number,
  ): LedgerEntry {
    const entry: LedgerEntry = {
      id: this.#next,
      upstream,
      model,
      reason,
      atS,
      outcome: 'pending',
      endedS: null,
      wouldHaveBeenCold: null,
    };
    this.#next += 1;
    this.#entries.push(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
    this.#open.set(key, entry);
    return entry;
  }

  failed(entry: LedgerEntry, atS: number): void {
    for (const [key, open] of this.#open) if (open === entry) this.#close(key, entry, 'failed', atS);
  }

  /** A model is no longer in memory: what it was brought in for did not come. */
  gone(key: string, atS: number): void {
    const open = this.#open.get(key);
    if (open !== undefined) this.#close(key, open, 'wasted', atS);
  }

  #close(key: string, entry: LedgerEntry, outcome: LedgerEntry['outcome'], atS: number): void {
    entry.outcome = outcome;
    entry.endedS = atS;
    this.#open.delete(key);
  }
}

function nothing(): Counted {
  return { coldStarts: 0, idleS: 0, costS: 0 };
}
