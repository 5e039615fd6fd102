/** Tokens of a request, counted at the bounds that OpenTelemetry recommends: powers of four. */

const BOUNDS: readonly number[] = Array.from({ length: 14 }, (_, index) => 4 ** index);

export class TokenHistogram {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #sum = 0;

  add(tokens: number): void {
    const bucket = tokens <= 1 ? 0 : Math.min(BOUNDS.length, Math.ceil(Math.log2(tokens) / 2));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += tokens;
  }

  /** Requests at or below each bound, all of them, and all their tokens. */
  totals(): { bounds: readonly number[]; upTo: number[]; count: number; sum: number } {
    let seen = 0;
    const upTo = [...this.#counts].map((count) => {
      seen += count;
      return seen;
    });
    return { bounds: BOUNDS, upTo: upTo.slice(0, BOUNDS.length), count: seen, sum: this.#sum };
  }
}
