/** The hit-rate benchmark: the cache as it runs, on named workloads, beside the best that any cache of its size could do. */
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sizeOf } from '#lib/cache/entry.ts';
import { type Looks, optimalHits } from '#lib/cache/ghost.ts';
import { hitRateOf, ResponseCache } from '#lib/cache/response-cache.ts';
import { configSchema } from '#lib/contracts/config.ts';
import { smallOptions } from '../lib/options.ts';
import { table } from '../lib/table.ts';
import { type HitRate, judge } from './goals.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

/** As by default. */
const MEMORY_MB = configSchema.parse({}).cache.memory_mb;
const MAX_BYTES = MEMORY_MB * 1024 * 1024;
const QUICK_SHARE = 0.1;
/** Values share these bytes: their size counts, not what they say. */
const BYTES = Buffer.alloc(16 * 1024);

/** @returns the exit code */
export async function runHitRateBench(args: string[]): Promise<number> {
  const options = smallOptions('hit-rate', 'a tenth of each workload', args);
  if (typeof options === 'number') return options;
  const rates: (HitRate & { looks: number; distinct: number; distinctMb: number })[] = [];
  for (const workload of WORKLOADS) {
    process.stdout.write(`${workload.name}: ${workload.meaning}\n`);
    const keys = [...workload.keys()];
    const looked = options.quick ? keys.slice(0, keys.length * QUICK_SHARE) : keys;
    rates.push(rateOf(workload, looked));
  }
  const percent = (value: number) => `${(value * 100).toFixed(2)} %`;
  const rows = rates.map(({ name, looks, distinctMb, ours, optimal }) => [
    name,
    looks.toLocaleString('en'),
    `${distinctMb.toFixed(0)} MB`,
    percent(ours),
    percent(optimal),
    percent(ours / optimal),
  ]);
  const head = [`in ${MEMORY_MB} MB`, 'looks', 'all answers', 'ours', 'OPT', 'of OPT'];
  process.stdout.write(`\n${table(head, rows)}\n\n`);
  const verdicts = judge(rates);
  for (const { goal, measured, reached } of verdicts)
    process.stdout.write(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}\n`);
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(
    options.json,
    `${JSON.stringify({ at: new Date().toISOString(), rates, verdicts }, null, 2)}\n`,
  );
  process.stdout.write(`written to ${options.json}\n`);
  return 0;
}

function rateOf({ name, bytesOf }: Workload, keys: readonly number[]) {
  let nowMs = 1;
  const cache = new ResponseCache({
    limits: { maxBytes: MAX_BYTES, staleIfErrorMs: 86_400_000 },
    now: () => nowMs,
    monotonicMs: () => nowMs,
    random: () => 0,
    onCorrupt: () => {},
    onLook: () => {},
  });
  const names = new Map<number, string>();
  const sizes: number[] = [];
  for (const key of keys) {
    nowMs += 1;
    const id = names.get(key) ?? hash('sha256', `${name} ${key}`, 'base64url');
    names.set(key, id);
    const entry = {
      key: id,
      cache: 'bench',
      model: 'm',
      storedAtMs: nowMs,
      ttlMs: 1e12,
      costMs: 0,
      tokensIn: 0,
      tokensOut: 0,
      counted: true,
      value: BYTES.subarray(0, bytesOf(key)),
    };
    sizes.push(sizeOf(entry));
    const found = cache.peek(id);
    if (found === null) {
      cache.store(entry);
      cache.count('bench', 'miss');
    } else cache.countServed('hit_memory', found.held.entry, 0);
  }
  const looks: Looks = {
    keys: Int32Array.from(keys),
    bytes: Float64Array.from(sizes),
    atMs: Float64Array.from(keys, (_, at) => at),
    ttlMs: Float64Array.from(keys, () => 1e12),
  };
  const distinct = new Map(keys.map((key, at) => [key, sizes[at] ?? 0]));
  const total = [...distinct.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    name,
    looks: keys.length,
    distinct: distinct.size,
    distinctMb: total / 1024 / 1024,
    ours: hitRateOf(cache.overall.total()) ?? 0,
    optimal: optimalHits(looks, MAX_BYTES) / keys.length,
  };
}
