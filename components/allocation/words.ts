/** How the allocator's parts are said to people. */
import { formatDuration, formatPerSecond, UNKNOWN, withUnit } from '#components/ui/format.ts';
import type { Metric, Predictions } from '#lib/contracts/predictions.ts';

export const METHOD_NAMES = {
  ours: 'Switchgear',
  last_value: 'last value',
  seasonal_naive: 'same time a day before',
  same_hour_weekday: 'mean of the same hour and weekday',
  holt_winters: 'Holt-Winters',
} as const;

export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  requests: 'requests per step',
  demand: 'calls in flight at most',
  response_ms: 'time of an answer',
};

export const ACTUATOR_NAMES = {
  connections: 'connections',
  workers: 'calls at a time',
  cache: 'cache, MB',
  replicas: 'replicas',
  warmth: 'models in memory',
} as const;

export const MODE_MEANINGS = {
  shadow: 'watches and changes nothing',
  advise: 'says what it would do and changes nothing',
  act: 'sizes what its forecasts have earned',
} as const;

export function seriesName(series: string): string {
  if (series === '*') return 'all requests';
  return series === 'cache' ? 'memory of the cache' : series;
}

/** A value of a metric; of the cache, megabytes. */
export function metricText(metric: Metric, series: string, value: number | null): string {
  if (value === null) return UNKNOWN;
  if (metric === 'response_ms') return withUnit(rounded(value), 'ms');
  if (series === 'cache') return withUnit(rounded(value), 'MB');
  return rounded(value);
}

/** Short times to a tenth of a second. */
export function secondsText(seconds: number): string {
  return seconds < 10 ? withUnit(seconds.toFixed(1), 's') : formatDuration(seconds * 1_000);
}

export function rounded(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 });
}

/** What is said first. */
export function headline(view: Predictions): string {
  const { predictions, mode, targets, warmth } = view;
  if (view.state === 'learning') return `Learning: ${view.learning ?? 'nothing is known yet'}.`;
  const rate = predictions.expected_rpm === null ? UNKNOWN : formatPerSecond(predictions.expected_rpm / 60);
  const trend = predictions.trend === 'unknown' ? '' : `, ${predictions.trend}`;
  const acting = targets.filter((each) => each.mode === 'act').length + (warmth.mode === 'act' ? 1 : 0);
  const doing =
    mode === 'act'
      ? `${acting} of ${targets.length + 1} actuators have earned to act`
      : `it ${MODE_MEANINGS[mode]}`;
  return `${rate} requests/s expected next${trend}; ${doing}.`;
}
