/** How each series of the history is made from a sum of buckets. */
import { SERIES, type SeriesSpec } from '#lib/contracts/history.ts';
import { answerKinds, servedKinds } from '#lib/contracts/requests.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { BucketSum } from '#lib/telemetry/bucket.ts';

/** A series that somebody asked for. */
export interface AskedSeries {
  /** As it was asked for: `call_p50_ms:lab.chat`. */
  readonly name: string;
  readonly spec: SeriesSpec;
  /** `gateway`, `process`, `component:lab.chat`, `upstream:lab`. */
  readonly scope: string;
}

const SPECS = new Map(SERIES.map((spec) => [spec.name, spec]));
/** Those of which there is one. */
const SHARED: ReadonlySet<SeriesSpec['scope']> = new Set(['gateway', 'process', 'cache']);
const PERCENTILE = /^(.+)_p(50|90|99)_ms$/;

/** @throws SwitchgearError `bad_request` when there is no such series. */
export function parseSeries(text: string): AskedSeries {
  const colon = text.indexOf(':');
  const base = colon === -1 ? text : text.slice(0, colon);
  const whose = colon === -1 ? '' : text.slice(colon + 1);
  const spec = SPECS.get(base);
  if (spec === undefined) {
    throw refused(text, `must be one of ${[...SPECS.keys()].join(', ')}`);
  }
  const isShared = SHARED.has(spec.scope);
  if (isShared && whose !== '') throw refused(text, `must be ${base} alone`);
  if (!isShared && whose === '') throw refused(text, `must name the ${spec.scope}: ${base}:NAME`);
  return { name: text, spec, scope: isShared ? spec.scope : `${spec.scope}:${whose}` };
}

const CACHE_HITS = ['cache_hit_memory', 'cache_hit_redis', 'cache_stale', 'cache_coalesced'];

/** Its value over the stretch of time that the sum holds; null when nothing was measured or nothing is to divide by. */
export function seriesValue(name: string, sum: BucketSum): number | null {
  if (sum.measuredMs <= 0) return null;
  const seconds = sum.measuredMs / 1_000;
  switch (name) {
    case 'requests_per_s':
      return requestsIn(sum) / seconds;
    case 'served_rate':
      return servedRate(sum);
    case 'failure_rate':
      return ratio(sum.count('failures'), sum.count('calls'));
    case 'cache_hit_ratio': {
      const hits = CACHE_HITS.reduce((total, counter) => total + sum.count(counter), 0);
      return ratio(hits, hits + sum.count('cache_miss'));
    }
    case 'cache_wrong_hit_rate':
      return ratio(sum.count('cache_wrong_hits'), sum.count('cache_checks'));
    default:
  }
  const [, histogram, percent] = sum.kind === 'process' ? [] : (PERCENTILE.exec(name) ?? []);
  if (histogram !== undefined) return sum.percentiles(histogram, [Number(percent) / 100])[0] ?? null;
  if (name.endsWith('_per_s')) return sum.count(name.slice(0, -'_per_s'.length)) / seconds;
  return sum.gauge(name);
}

export function requestsIn(sum: BucketSum): number {
  return answerKinds.reduce((total, kind) => total + sum.count(kind), 0);
}

/** Served among those that asked for something that can be had, and waited for it. */
export function servedRate(sum: BucketSum): number | null {
  const served = servedKinds.reduce((total, kind) => total + sum.count(kind), 0);
  return ratio(served, served + sum.count('refused') + sum.count('failed'));
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function refused(text: string, allowed: string): SwitchgearError {
  return new SwitchgearError(
    'bad_request',
    `series: ${JSON.stringify(text.slice(0, 60))} is not allowed; ${allowed}`,
    { field: 'series' },
  );
}
