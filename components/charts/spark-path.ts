/** The outline of a small trend. */

const PADDING = 1.5;

/** Values from left to right, from the first one that there is, zero at the bottom and the largest at the top; gaps stay gaps. */
export function sparkPath(
  all: readonly (number | null)[],
  width: number,
  height: number,
): { line: string; area: string } {
  const values = all.slice(
    Math.max(
      0,
      all.findIndex((value) => value !== null),
    ),
  );
  const top = Math.max(...values.map((value) => value ?? 0), 0);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const runs: [number, number][][] = [];
  let run: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) runs.push(run);
      run = [];
      return;
    }
    const share = top === 0 ? 0 : value / top;
    run.push([round(index * step), round(height - PADDING - share * (height - 2 * PADDING))]);
  });
  if (run.length > 0) runs.push(run);
  const line = runs.map((points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`).join('');
  const area = runs
    .map((points) => {
      const [first] = points;
      const last = points.at(-1);
      return `M${first?.[0] ?? 0} ${height}L${points.map(([x, y]) => `${x} ${y}`).join('L')}L${last?.[0] ?? 0} ${height}Z`;
    })
    .join('');
  return { line, area };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
