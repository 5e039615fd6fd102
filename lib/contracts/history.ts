/** `GET /api/history`: time series, and the events to mark on them. */
import { z } from 'zod';
import { eventSchema } from '#lib/contracts/events.ts';
import { answerKinds } from '#lib/contracts/requests.ts';

/** How a series is made, and so how its points may be put together. */
export interface SeriesSpec {
  name: string;
  unit: 'per_s' | 'ms' | 'rate' | 'count' | 'bytes' | 'mb' | 'percent';
  /** Whose it is: all requests, one component, one upstream, all caches, or this process. */
  scope: 'gateway' | 'component' | 'upstream' | 'cache' | 'process';
  meaning: string;
}

const percentiles = ['p50', 'p90', 'p99'] as const;

/** Every series there is. Those of a component or an upstream are asked for as `name:WHOSE`. */
export const SERIES: readonly SeriesSpec[] = [
  { name: 'requests_per_s', unit: 'per_s', scope: 'gateway', meaning: 'requests that ended' },
  ...answerKinds.map((kind) => ({
    name: `${kind}_per_s`,
    unit: 'per_s' as const,
    scope: 'gateway' as const,
    meaning: `requests answered as ${kind}`,
  })),
  {
    name: 'served_rate',
    unit: 'rate',
    scope: 'gateway',
    meaning: 'share of valid requests that were served',
  },
  ...percentiles.flatMap((percentile) => [
    {
      name: `latency_${percentile}_ms`,
      unit: 'ms' as const,
      scope: 'gateway' as const,
      meaning: `total time of served requests, ${percentile}`,
    },
    {
      name: `first_byte_${percentile}_ms`,
      unit: 'ms' as const,
      scope: 'gateway' as const,
      meaning: `time to the first byte of streamed answers, ${percentile}`,
    },
    {
      name: `added_${percentile}_ms`,
      unit: 'ms' as const,
      scope: 'gateway' as const,
      meaning: `time added by Switchgear to served requests, ${percentile}`,
    },
  ]),
  {
    name: 'tokens_in_per_s',
    unit: 'per_s',
    scope: 'gateway',
    meaning: 'prompt tokens, as upstreams count them',
  },
  {
    name: 'tokens_out_per_s',
    unit: 'per_s',
    scope: 'gateway',
    meaning: 'answer tokens, as upstreams count them',
  },
  {
    name: 'slots_in_use',
    unit: 'count',
    scope: 'gateway',
    meaning: 'calls in flight to all upstreams, once a second',
  },
  {
    name: 'slots_queued',
    unit: 'count',
    scope: 'gateway',
    meaning: 'calls waiting for a connection to any upstream, once a second',
  },
  { name: 'slots', unit: 'count', scope: 'gateway', meaning: 'calls that may be in flight to all upstreams' },
  { name: 'calls_per_s', unit: 'per_s', scope: 'component', meaning: 'calls that ended well or badly' },
  { name: 'failures_per_s', unit: 'per_s', scope: 'component', meaning: 'calls that failed' },
  { name: 'calls_refused_per_s', unit: 'per_s', scope: 'component', meaning: 'calls refused by the breaker' },
  { name: 'failure_rate', unit: 'rate', scope: 'component', meaning: 'share of calls that failed' },
  ...percentiles.map((percentile) => ({
    name: `call_${percentile}_ms`,
    unit: 'ms' as const,
    scope: 'component' as const,
    meaning: `duration of calls, ${percentile}`,
  })),
  { name: 'in_flight', unit: 'count', scope: 'upstream', meaning: 'calls in flight, once a second' },
  {
    name: 'queued',
    unit: 'count',
    scope: 'upstream',
    meaning: 'calls waiting for a connection, once a second',
  },
  { name: 'capacity', unit: 'count', scope: 'upstream', meaning: 'calls that may be in flight' },
  ...(
    [
      ['hit_memory', 'looks answered from memory'],
      ['hit_redis', 'looks answered from Redis'],
      ['stale', 'looks answered with something late'],
      ['coalesced', "looks that waited for another one's call"],
      ['miss', 'looks that made a call'],
      ['bypass', 'requests that went past the cache'],
      ['evicted', 'entries that left memory'],
    ] as const
  ).map(([name, meaning]) => ({
    name: `cache_${name}_per_s`,
    unit: 'per_s' as const,
    scope: 'cache' as const,
    meaning,
  })),
  {
    name: 'cache_hit_ratio',
    unit: 'rate',
    scope: 'cache',
    meaning: 'share of looks without a call of their own',
  },
  {
    name: 'cache_wrong_hit_rate',
    unit: 'rate',
    scope: 'cache',
    meaning: 'share of checked hits that the upstream would have answered otherwise',
  },
  { name: 'cache_bytes', unit: 'bytes', scope: 'cache', meaning: 'bytes in memory, once a second' },
  { name: 'cache_entries', unit: 'count', scope: 'cache', meaning: 'entries in memory, once a second' },
  { name: 'loop_delay_p99_ms', unit: 'ms', scope: 'process', meaning: 'event-loop delay, p99 of a second' },
  {
    name: 'cpu_percent',
    unit: 'percent',
    scope: 'process',
    meaning: 'CPU time of the process, 100 is one core',
  },
  { name: 'rss_mb', unit: 'mb', scope: 'process', meaning: 'resident memory' },
];

export const MAX_SERIES = 50;
export const MAX_POINTS = 2_000;
/** Seconds of full resolution; beyond them there are rows of a minute. */
export const RECENT_S = 900;
export const MINUTE_S = 60;
export const KEPT_DAYS = 7;

/** Steps whose finished buckets come with every snapshot, so that a live chart need not ask again. */
export const LIVE_STEPS_S = [1, 5, 60] as const;

export const historyQuerySchema = z.strictObject({
  /** Names, separated by commas; without it the gateway's rate, errors and latencies. */
  series: z.string().max(4_000).optional(),
  /** ISO 8601, or epoch seconds; 15 minutes before `to` without it. */
  from: z.string().max(40).optional(),
  to: z.string().max(40).optional(),
  /** Seconds per point; chosen for some 180 points without it. */
  step_s: z.coerce.number().int().min(1).max(86_400).optional(),
});

export const historySchema = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  step_s: z.int(),
  /** The beginning of each point's time; all series have a value for each. */
  times: z.array(z.iso.datetime()),
  /** True when the last point's time is not over yet. */
  partial: z.boolean(),
  /** By name as it was asked for. Null: nothing was measured, or there is nothing to divide by. */
  series: z.record(z.string(), z.strictObject({ unit: z.string(), values: z.array(z.number().nullable()) })),
  /** What happened meanwhile, for marks. */
  events: z.array(eventSchema),
});

export type HistoryQuery = z.output<typeof historyQuerySchema>;
export type History = z.output<typeof historySchema>;
