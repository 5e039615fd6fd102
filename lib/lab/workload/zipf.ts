/**
 * Zipf's law: the k-th of n is asked with probability
 *
 *   P(k) = k^(-s) / Σ i^(-s),   i = 1..n
 *
 * drawn exactly, by binary search in the cumulated weights. s = 0 asks all alike.
 */

/** @param random uniform in [0, 1). @returns draws from 0 to n - 1 */
export function zipfSampler(n: number, s: number, random: () => number): () => number {
  const cumulated = new Float64Array(n);
  let total = 0;
  for (let index = 0; index < n; index++) {
    total += (index + 1) ** -s;
    cumulated[index] = total;
  }
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] ?? total) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
