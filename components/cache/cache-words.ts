/** Caches in words and figures. */
import { formatCount, formatDuration, UNKNOWN, withUnit } from '#components/ui/format.ts';
import type { CacheMetrics, CacheView, RedisMetrics } from '#lib/contracts/cache.ts';

/** `last 10 s`, `since the start`. */
export function windowText(window_s: number | null): string {
  return window_s === null ? 'since the start' : `last ${withUnit(formatCount(window_s), 's')}`;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** Bytes as a number and its unit, to be set apart. */
export function splitBytes(bytes: number): { value: string; unit: string } {
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1_024)));
  const value = bytes / 1_024 ** step;
  return {
    value: step === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1),
    unit: UNITS[step] ?? 'B',
  };
}

export function formatBytes(bytes: number): string {
  const { value, unit } = splitBytes(bytes);
  return withUnit(value, unit);
}

/** The caches by name, without Redis. */
export function viewsOf({ caches }: CacheMetrics): [string, CacheView][] {
  return Object.entries(caches).filter((each): each is [string, CacheView] => 'windows' in each[1]);
}

export function redisOf({ caches }: CacheMetrics): RedisMetrics {
  const redis = Object.values(caches).find((each) => 'status' in each);
  return redis !== undefined && 'status' in redis
    ? redis
    : { status: 'unavailable', reason: 'not_configured' };
}

/** `4 min 10 s, 12 300 tokens, EUR 0.42`. */
export function savedText(saved: CacheMetrics['overall']['saved']): string {
  const ms = saved.reduce((sum, each) => sum + each.ms, 0);
  const tokens = saved.reduce((sum, each) => sum + each.tokens_in + each.tokens_out, 0);
  const money = saved.flatMap((each) => (each.money === null ? [] : [moneyText(each.money, each.currency)]));
  return [formatDuration(ms), `${formatCount(tokens)} tokens`, ...money].join(', ');
}

export function moneyText(money: number | null, currency: string | null): string {
  if (money === null) return UNKNOWN;
  return `${currency ?? ''} ${money < 1 ? money.toFixed(4) : money.toFixed(2)}`.trim();
}
