/**
 * The outlines of a time chart, in a space of 1000 by 1000 units that is stretched to whatever room there is. x is the
 * share of the range, y the share of the axis, from the top.
 */

export const SPACE = 1_000;

/** Where points lie: epoch milliseconds of the left and right edge, and the value at the top edge. */
export interface Frame {
  readonly fromMs: number;
  readonly toMs: number;
  readonly top: number;
}

export type Values = readonly (number | null)[];

/** A curve in two strokes: where it can be trusted, and where a point stands on few samples or is not over yet. */
export interface Curve {
  readonly sure: string;
  readonly unsure: string;
}

export function xOf(atMs: number, { fromMs, toMs }: Frame): number {
  return round(((atMs - fromMs) / (toMs - fromMs)) * SPACE);
}

export function yOf(value: number, { top }: Frame): number {
  return round((1 - Math.min(Math.max(value, 0), top) / top) * SPACE);
}

/** Gaps stay gaps, and a point without neighbours is a dot. */
export function curveOf(
  timesMs: readonly number[],
  values: Values,
  frame: Frame,
  isUnsure: (index: number) => boolean = () => false,
): Curve {
  const strokes = { sure: '', unsure: '' };
  let end: { stroke: keyof typeof strokes; index: number } | null = null;
  values.forEach((value, index) => {
    const before = values[index - 1] ?? null;
    if (value === null) return;
    const at = point(timesMs, index, value, frame);
    const stroke = isUnsure(index) || (before !== null && isUnsure(index - 1)) ? 'unsure' : 'sure';
    if (before === null) {
      const alone = (values[index + 1] ?? null) === null;
      if (alone) strokes[isUnsure(index) ? 'unsure' : 'sure'] += `M${at}h0`;
      return;
    }
    const goesOn = end?.stroke === stroke && end.index === index - 1;
    strokes[stroke] += goesOn ? `L${at}` : `M${point(timesMs, index - 1, before, frame)}L${at}`;
    end = { stroke, index };
  });
  return strokes;
}

/** A value that holds until the next one comes. */
export function stepsOf(timesMs: readonly number[], values: Values, frame: Frame): string {
  let path = '';
  values.forEach((value, index) => {
    if (value === null) return;
    const x = xOf(timesMs[index] ?? frame.fromMs, frame);
    const y = yOf(value, frame);
    path += (values[index - 1] ?? null) === null ? `M${x} ${y}` : `H${x}V${y}`;
    if (index === values.length - 1) path += `H${SPACE}`;
  });
  return path;
}

/** Areas one upon another, the first at the bottom. Where none of them has a value there is a gap. */
export function stackOf(timesMs: readonly number[], layers: readonly Values[], frame: Frame): string[] {
  const floor = timesMs.map(() => 0);
  const isKnown = timesMs.map((_, index) => layers.some((layer) => (layer[index] ?? null) !== null));
  return layers.map((layer) => {
    const low = [...floor];
    layer.forEach((value, index) => {
      floor[index] = (floor[index] ?? 0) + (value ?? 0);
    });
    return runsOf(isKnown)
      .map(([first, last]) => {
        const indices = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
        const upper = indices.map((index) => point(timesMs, index, floor[index] ?? 0, frame));
        const lower = indices.reverse().map((index) => point(timesMs, index, low[index] ?? 0, frame));
        return `M${upper.join('L')}L${lower.join('L')}Z`;
      })
      .join('');
  });
}

/** The largest sum at any time, and the largest value of those that are not stacked. */
export function largestOf(layers: readonly Values[], others: readonly Values[]): number {
  const sums = (layers[0] ?? []).map((_, index) =>
    layers.reduce((sum, layer) => sum + (layer[index] ?? 0), 0),
  );
  return Math.max(0, ...sums, ...others.map((values) => Math.max(0, ...values.map((value) => value ?? 0))));
}

/** Which point is nearest to a share of the width; null when there are none. */
export function nearest(timesMs: readonly number[], share: number, { fromMs, toMs }: Frame): number | null {
  const atMs = fromMs + share * (toMs - fromMs);
  let best: number | null = null;
  timesMs.forEach((timeMs, index) => {
    if (best === null || Math.abs(timeMs - atMs) < Math.abs((timesMs[best] ?? 0) - atMs)) best = index;
  });
  return best;
}

/** First and last index of each stretch that is true. */
function runsOf(flags: readonly boolean[]): [number, number][] {
  const runs: [number, number][] = [];
  flags.forEach((flag, index) => {
    const last = runs.at(-1);
    if (!flag) return;
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  });
  return runs;
}

function point(timesMs: readonly number[], index: number, value: number, frame: Frame): string {
  return `${xOf(timesMs[index] ?? frame.fromMs, frame)} ${yOf(value, frame)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
