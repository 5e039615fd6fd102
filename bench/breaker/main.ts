/** The breaker benchmark: what a guarded call costs closed, failing and refused, and what reading all breakers costs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { smallOptions } from '../lib/options.ts';
import { median, rotate } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import { CANDIDATES, type CandidateName, closed, type Guarded, open, snapshotMs } from './candidates.ts';
import { judge } from './goals.ts';

const ROUNDS = 5;
const SAMPLES = [100, 10_000, 50_000] as const;
/** A round of a case ends with whichever comes first; some need milliseconds for each call. */
const MAX_CALLS = 100_000;
const MAX_MS = 300;
const BATCH = 50;
const WARM_CALLS = 20_000;
const COMPONENTS = 1_000;

/** @returns the exit code */
export async function runBreakerBench(args: string[]): Promise<number> {
  const options = smallOptions('breaker', 'one round', args);
  if (typeof options === 'number') return options;
  const results = new Map<string, number[]>();
  const note = (key: string, value: number) => results.set(key, [...(results.get(key) ?? []), value]);
  const rounds = options.quick ? 1 : ROUNDS;
  for (let round = 0; round < rounds; round++) {
    for (const name of rotate(CANDIDATES, round)) await measure(name, note);
    for (const name of ['opossum', 'switchgear'] as const)
      note(`${name} snapshot`, snapshotMs(name, COMPONENTS));
    process.stdout.write(`round ${round + 1} of ${rounds} done\n`);
  }
  const of = (key: string) => median(results.get(key) ?? []);
  process.stdout.write(`\n${report(of)}\n\n`);
  const verdicts = judge({
    closedOverBareNs: of('switchgear closed') - of('bare closed'),
    failing50kOver100: of('switchgear failing 50000') / of('switchgear failing 100'),
    rejectingNs: of('switchgear rejecting'),
    snapshotMs: of('switchgear snapshot'),
  });
  for (const { goal, measured, reached } of verdicts)
    process.stdout.write(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}\n`);
  mkdirSync(dirname(options.json), { recursive: true });
  const written = { at: new Date().toISOString(), results: Object.fromEntries(results), verdicts };
  writeFileSync(options.json, `${JSON.stringify(written, null, 2)}\n`);
  process.stdout.write(`written to ${options.json}\n`);
  return 0;
}

async function measure(name: CandidateName, note: (key: string, value: number) => void): Promise<void> {
  await withGuarded(closed(name), async (guarded) => {
    await calls(guarded, true, WARM_CALLS);
    note(`${name} closed`, await nsPerCall(guarded, true));
  });
  if (name === 'bare') return;
  for (const samples of SAMPLES) {
    await withGuarded(closed(name), async (guarded) => {
      await calls(guarded, true, samples);
      note(`${name} failing ${samples}`, await nsPerCall(guarded, false, Math.floor(samples / 2)));
    });
  }
  await withGuarded(open(name), async (guarded) => {
    await calls(guarded, true, WARM_CALLS);
    note(`${name} rejecting`, await nsPerCall(guarded, true));
  });
}

async function withGuarded(guarded: Guarded, use: (guarded: Guarded) => Promise<void>): Promise<void> {
  await use(guarded);
  guarded.close();
}

/** @param atMost so that failures stay fewer than the successes before them, and nothing opens */
async function nsPerCall(guarded: Guarded, isGood: boolean, atMost: number = MAX_CALLS): Promise<number> {
  const startedAt = performance.now();
  let made = 0;
  while (made < atMost && performance.now() - startedAt < MAX_MS) {
    const count = Math.min(BATCH, atMost - made);
    await calls(guarded, isGood, count);
    made += count;
  }
  return ((performance.now() - startedAt) * 1_000_000) / made;
}

/** One after another. What they answer is summed and looked at, so that none of them can be left out. */
async function calls(guarded: Guarded, isGood: boolean, count: number): Promise<void> {
  let good = 0;
  for (let i = 0; i < count; i++) good += await guarded.call(isGood);
  if (good !== 0 && good !== count) throw new RangeError(`${good} of ${count} calls went well`);
}

function report(of: (key: string) => number): string {
  const ns = (name: CandidateName, what: string) =>
    name === 'bare' && what !== 'closed' ? '' : of(`${name} ${what}`).toFixed(0);
  const head = ['ns per call', 'closed', ...SAMPLES.map((count) => `failing, ${count}`), 'rejecting'];
  const rows = CANDIDATES.map((name) => [
    name,
    ns(name, 'closed'),
    ...SAMPLES.map((count) => ns(name, `failing ${count}`)),
    ns(name, 'rejecting'),
  ]);
  const reads = (['opossum', 'switchgear'] as const).map(
    (name) => `${name} ${of(`${name} snapshot`).toFixed(2)} ms`,
  );
  return `${table(head, rows)}\n\nreading ${COMPONENTS} breakers: ${reads.join(', ')}`;
}
