/**
 * What 10,000 entries take in memory, beside what the cache takes them for. Run with `--expose-gc` in a process of its
 * own, which prints JSON.
 */
import { hash } from 'node:crypto';
import { MemoryTier } from '#lib/cache/memory-tier.ts';

const ENTRIES = 10_000;
const collect = globalThis.gc;
if (collect === undefined) throw new Error('run it with --expose-gc');

const used = () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const value = process.env.BODY ?? '';
const tier = new MemoryTier({
  maxBytes: 1024 ** 3,
  staleMs: () => 86_400_000,
  monotonicMs: () => performance.now(),
  onEvicted: () => {},
});
const before = used();
for (let number = 0; number < ENTRIES; number += 1) {
  tier.set(
    {
      key: hash('sha256', String(number), 'base64url'),
      cache: 'bench_responses',
      model: 'bench-fixed',
      storedAtMs: Date.now(),
      ttlMs: 3_600_000,
      costMs: 1,
      tokensIn: 12,
      tokensOut: 14,
      counted: true,
      value: Buffer.from(value),
    },
    Date.now(),
  );
}
process.stdout.write(
  JSON.stringify({
    entries: ENTRIES,
    measured: used() - before,
    counted: tier.bytes,
    values: ENTRIES * value.length,
  }),
);
