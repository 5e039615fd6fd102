/** The rounds: each measures every target once, in an order that rotates. */
import { type Memory, memoryOf } from '../lib/memory.ts';
import type { LoadGenerator } from '../lib/orders.ts';
import { FIXED, SHORT_STREAM } from '../lib/requests.ts';
import { rotate } from '../lib/stats.ts';
import type { CancelResult } from '../lib/streams.ts';
import type { LoadResult } from '../lib/tally.ts';
import type { Options } from './options.ts';
import type { Target, TargetName } from './target.ts';

export const IN_FLIGHT = 22;
export const OPEN_RATE_PER_S = 200;
export const CANCELS = 50;

export interface Round {
  closed: LoadResult;
  open: LoadResult;
  firstToken: LoadResult;
}

export interface Measured {
  name: TargetName;
  version: string;
  rounds: Round[];
  cancels: CancelResult;
  /** After all load; null for `direct`, and where it cannot be read. */
  memory: Memory | null;
  /** How its process ended in the middle of the run, and what it said; null when it did not. */
  ended: string | null;
}

export async function measure(
  targets: readonly Target[],
  generator: LoadGenerator,
  mockPort: number,
  options: Options,
  say: (line: string) => void,
): Promise<Measured[]> {
  const rounds = new Map<TargetName, Round[]>(targets.map(({ name }) => [name, []]));
  for (const { name, endpoint } of targets) {
    say(`warm-up: ${name}`);
    await generator.run({
      kind: 'closed',
      endpoint,
      body: FIXED,
      inFlight: IN_FLIGHT,
      durationMs: options.warmUpMs,
    });
    await generator.run({ kind: 'first-token', endpoint, body: SHORT_STREAM, count: 5 });
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const target of rotate(targets, round)) {
      const result = await measureRound(target, generator, options);
      rounds.get(target.name)?.push(result);
      const rate = Math.round(result.closed.perSecond).toLocaleString('en');
      say(`round ${round + 1} of ${options.rounds}: ${target.name}: ${rate} requests/s`);
    }
  }
  const measured: Measured[] = [];
  for (const { name, version, endpoint, started } of targets) {
    say(`cancelled streams: ${name}`);
    const cancels = await generator.run({ kind: 'cancel', endpoint, label: name, count: CANCELS, mockPort });
    const pid = started?.child.pid;
    const memory = pid === undefined ? null : memoryOf(pid);
    const ended = started?.ended() ?? null;
    measured.push({
      name,
      version,
      rounds: rounds.get(name) ?? [],
      cancels,
      memory,
      ended: ended === null ? null : `${ended}: ${started?.output().trim()}`,
    });
  }
  return measured;
}

async function measureRound(
  { endpoint }: Target,
  generator: LoadGenerator,
  options: Options,
): Promise<Round> {
  const durationMs = options.roundMs;
  return {
    closed: await generator.run({ kind: 'closed', endpoint, body: FIXED, inFlight: IN_FLIGHT, durationMs }),
    open: await generator.run({
      kind: 'open',
      endpoint,
      body: FIXED,
      ratePerS: OPEN_RATE_PER_S,
      durationMs,
    }),
    firstToken: await generator.run({
      kind: 'first-token',
      endpoint,
      body: SHORT_STREAM,
      count: options.firstTokenRuns,
    }),
  };
}
