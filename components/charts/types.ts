import type { Mark } from '#components/charts/marks.ts';
import type { Points } from '#components/live/series.ts';

export interface ChartSeries {
  /** Of the history. */
  readonly name: string;
  readonly label: string;
  /** A CSS colour; one of the tokens. */
  readonly color: string;
  readonly kind: 'area' | 'line' | 'step';
  readonly dashed?: boolean;
}

export interface PlotProps {
  readonly series: readonly ChartSeries[];
  readonly points: Points;
  readonly marks: readonly Mark[];
  /** Writes a value with its unit. */
  readonly format: (value: number) => string;
  /** Samples behind each point, where a percentile needs to be judged by them. */
  readonly samples?: readonly number[] | undefined;
}

/** Below it a point's percentiles say little, and are drawn as rings. */
export const FEW_SAMPLES = 10;
