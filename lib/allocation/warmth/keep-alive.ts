/**
 * How long a model is worth keeping after its last use: ski rental with a learned distribution of gaps (Karlin et al.,
 * "Competitive randomized algorithms for nonuniform problems", 1994). With λ the idle seconds that one cold start is
 * worth,
 *
 *   τ = argmin λ P(gap > τ) + E[min(gap, τ)]
 *
 * over the model's own gaps and, with the weight of `PRIOR` of them, those of all models. Before any is known τ = λ,
 * which costs at most twice the best in hindsight.
 */

const OWN_GAPS = 300;
const POOLED_GAPS = 1_000;
const PRIOR = 20;
/** Share by which the gaps must have grown before τ is sought again. */
const STALE = 0.02;

/** The newest of a stream of numbers, also in order. */
class Recent {
  readonly #limit: number;
  readonly #ring: number[] = [];
  readonly sorted: number[] = [];
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(value: number): void {
    if (this.#ring.length === this.#limit) {
      this.sorted.splice(rank(this.sorted, this.#ring[this.#next] ?? 0), 1);
    }
    this.#ring[this.#next] = value;
    this.#next = (this.#next + 1) % this.#limit;
    this.sorted.splice(rank(this.sorted, value), 0, value);
  }
}

interface Model {
  readonly gaps: Recent;
  learned: number;
  sought: { at: number; lambdaS: number; tauS: number } | null;
}

export class KeepAlives {
  readonly #pool = new Recent(POOLED_GAPS);
  readonly #models = new Map<string, Model>();

  /** @param gapS between the end of a use and the next one */
  learn(model: string, gapS: number): void {
    const known = this.#of(model);
    known.gaps.add(gapS);
    known.learned += 1;
    this.#pool.add(gapS);
  }

  /** @param lambdaS idle seconds that one cold start is worth. @returns seconds */
  tauS(model: string, lambdaS: number): number {
    const known = this.#of(model);
    const { sought, learned } = known;
    if (sought !== null && sought.lambdaS === lambdaS && learned <= sought.at * (1 + STALE))
      return sought.tauS;
    const tauS = cheapest(known.gaps.sorted, this.#pool.sorted, lambdaS);
    known.sought = { at: learned, lambdaS, tauS };
    return tauS;
  }

  /** Gaps of a model that were learned. */
  learned(model: string): number {
    return this.#models.get(model)?.learned ?? 0;
  }

  #of(model: string): Model {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const created: Model = { gaps: new Recent(OWN_GAPS), learned: 0, sought: null };
    this.#models.set(model, created);
    return created;
  }
}

/** τ of the least expected cost; both ascending. The cost falls only at a gap, so only gaps are tried. */
export function cheapest(own: readonly number[], pool: readonly number[], lambdaS: number): number {
  if (pool.length === 0) return lambdaS;
  const poolWeight = PRIOR / pool.length;
  const whole = own.length + PRIOR;
  let [left, sum, best, bestCost] = [whole, 0, 0, lambdaS * whole];
  let [atOwn, atPool] = [0, 0];
  while (atOwn < own.length || atPool < pool.length) {
    const nextOwn = own[atOwn] ?? Number.POSITIVE_INFINITY;
    const nextPool = pool[atPool] ?? Number.POSITIVE_INFINITY;
    const isOwn = nextOwn <= nextPool;
    const gap = isOwn ? nextOwn : nextPool;
    const weight = isOwn ? 1 : poolWeight;
    if (isOwn) atOwn += 1;
    else atPool += 1;
    sum += weight * gap;
    left -= weight;
    const cost = lambdaS * left + sum + left * gap;
    if (cost < bestCost) [best, bestCost] = [gap, cost];
  }
  return best;
}

/** How many are below it. */
function rank(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
