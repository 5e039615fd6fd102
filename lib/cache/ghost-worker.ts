/** The worker thread of the ghost caches: keeps the recent looks, and replays them against other sizes when asked. */
import { parentPort } from 'node:worker_threads';
import { type Looks, lruHits, optimalHits } from '#lib/cache/ghost.ts';
import type { GhostAnswer, GhostBatch } from '#lib/cache/ghosts.ts';
import { GHOST_FACTORS } from '#lib/contracts/cache.ts';

/** Looks that are replayed; the oldest go first. */
const MAX_LOOKS = 100_000;

interface Look {
  readonly hash: number;
  readonly key: string;
  readonly bytes: number;
  readonly atMs: number;
  readonly ttlMs: number;
}

let looks: Look[] = [];
let threshold = Number.POSITIVE_INFINITY;

parentPort?.on('message', (batch: GhostBatch) => {
  const { keys, hashes, bytes, atMs, ttlMs } = batch;
  // A smaller sample of keys is a part of the larger one.
  if (batch.threshold < threshold) looks = looks.filter(({ hash }) => hash < batch.threshold);
  threshold = batch.threshold;
  for (const [at, key] of keys.entries()) {
    looks.push({
      key,
      hash: hashes[at] ?? 0,
      bytes: bytes[at] ?? 0,
      atMs: atMs[at] ?? 0,
      ttlMs: ttlMs[at] ?? 0,
    });
  }
  if (looks.length > MAX_LOOKS) looks = looks.slice(-MAX_LOOKS);
  if (batch.replay !== null) parentPort?.postMessage(replay(batch.replay));
});

function replay({ maxBytes, share }: NonNullable<GhostBatch['replay']>): GhostAnswer | null {
  const first = looks[0];
  const last = looks.at(-1);
  if (first === undefined || last === undefined) return null;
  const numbers = new Map<string, number>();
  const packed: Looks = {
    keys: Int32Array.from(looks, ({ key }) => {
      const known = numbers.get(key) ?? numbers.size;
      numbers.set(key, known);
      return known;
    }),
    bytes: Float64Array.from(looks, ({ bytes }) => bytes),
    atMs: Float64Array.from(looks, ({ atMs }) => atMs),
    ttlMs: Float64Array.from(looks, ({ ttlMs }) => ttlMs),
  };
  return {
    looks: looks.length,
    windowMs: last.atMs - first.atMs,
    // A sample of the keys behaves in that share of the size as all of them do in the whole.
    sizes: GHOST_FACTORS.map((factor) => ({
      factor,
      hits: lruHits(packed, maxBytes * factor * share),
      optimal: optimalHits(packed, maxBytes * factor * share),
    })),
    unlimited: optimalHits(packed, Number.POSITIVE_INFINITY),
  };
}
