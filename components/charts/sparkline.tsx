import { sparkPath } from '#components/charts/spark-path.ts';

const WIDTH = 100;

/** A small trend without axes; decoration beside a figure, so it has no text of its own. */
export function Sparkline({
  values,
  className = '',
  height = 24,
}: {
  values: readonly (number | null)[];
  className?: string;
  height?: number;
}) {
  const { line, area } = sparkPath(values, WIDTH, height);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      width="100%"
      height={height}
      aria-hidden
      className={`block ${className}`}
    >
      <path d={area} fill="currentColor" opacity={0.16} />
      <path d={line} fill="none" stroke="currentColor" strokeWidth={1.25} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
