/** A regular series: one value a step from `fromS` on; NaN is a step that nobody observed. */
export interface Series {
  readonly fromS: number;
  readonly stepS: number;
  readonly values: Float64Array;
}

export interface Observation {
  /** Epoch seconds. */
  readonly atS: number;
  /** At least 0; null was not observed. */
  readonly value: number | null;
}

/** The usual distance between observations: the median. @param observations at least two, ascending */
export function stepOf(observations: readonly Observation[]): number {
  const distances = observations.slice(1).map(({ atS }, at) => atS - (observations[at]?.atS ?? 0));
  distances.sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/**
 * Observations on their steps, each as many steps after the one before as its time says, at least one: a clock that
 * drifts moves nothing onto one step. Steps that nothing falls on are gaps.
 * @throws RangeError when that would be more than `maxSteps`
 */
export function seriesOf(observations: readonly Observation[], stepS: number, maxSteps = 1_000_000): Series {
  const [first] = observations;
  if (first === undefined) return { fromS: 0, stepS, values: new Float64Array(0) };
  let steps = 1;
  let beforeS = first.atS;
  const places = observations.map(({ atS }) => {
    if (atS > beforeS) steps += Math.max(1, Math.round((atS - beforeS) / stepS));
    beforeS = atS;
    return steps - 1;
  });
  if (steps > maxSteps)
    throw new RangeError(`${steps} steps of ${stepS} s are too many; at most ${maxSteps}`);
  const values = new Float64Array(steps).fill(Number.NaN);
  for (const [index, { value }] of observations.entries())
    if (value !== null) values[places[index] ?? 0] = value;
  return { fromS: first.atS, stepS, values };
}
