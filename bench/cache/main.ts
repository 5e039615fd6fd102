/** The cache benchmark: what a hit costs, beside the least that Node can do and nginx; what entries take; a stampede. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stopAll, stopAllOnSignal, track } from '../lib/children.ts';
import { startMock } from '../lib/mock.ts';
import { ANSWER } from '../lib/mock-answers.ts';
import { smallOptions } from '../lib/options.ts';
import { LoadGenerator } from '../lib/orders.ts';
import { rotate, spread } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import type { LoadResult } from '../lib/tally.ts';
import { judge } from './goals.ts';
import {
  type CacheTarget,
  startMemory,
  startNginxCache,
  startStatic,
  startWithRedis,
  TARGETS,
  type TargetName,
} from './targets.ts';

const IN_FLIGHT = 22;
const ROUNDS = 5;
const ROUND_MS = 5_000;
const QUICK_MS = 2_000;
const WARM_UP_MS = 6_000;
const STAMPEDE = 1_000;
/** Of the answers in all rounds that must have come from the tier that is measured. */
const LEAST_SHARE = 0.9;

/** @returns the exit code */
export async function runCacheBench(args: string[]): Promise<number> {
  const options = smallOptions('cache', 'one round of 2 s', args);
  if (typeof options === 'number') return options;
  stopAllOnSignal();
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  try {
    const mockPort = await startMock();
    const { targets, notMeasured } = await startTargets(folder, mockPort);
    const generator = new LoadGenerator();
    track(generator.process);
    const results = await measure(targets, generator, options.quick);
    const memory = targets.find(({ name }) => name === 'switchgear memory');
    const stampede = memory === undefined ? null : await stampedeOf(memory, mockPort);
    const entries = entriesInMemory();
    const of = (name: TargetName) =>
      spread((results.get(name) ?? []).map(({ perSecond }) => perSecond))?.median ?? 0;
    const p50 = spread(
      (results.get('switchgear memory') ?? []).map((each) => each.p50Ms ?? Number.NaN),
    )?.median;
    const verdicts = judge({
      memoryOverBare: of('switchgear memory') / of('node:http'),
      memoryP50: p50 ?? Number.NaN,
      stampedeCalls: stampede?.calls ?? Number.NaN,
    });
    say(`\n${report(results)}\n`);
    for (const { name, reason } of notMeasured) say(`not measured: ${name}: ${reason}`);
    const perEntry = (bytes: number) => (bytes / entries.entries).toFixed(0);
    say(
      `10,000 entries of ${ANSWER.length} bytes: ${perEntry(entries.measured)} bytes each measured, ${perEntry(entries.counted)} counted`,
    );
    if (stampede !== null)
      say(
        `${STAMPEDE} concurrent equal misses: ${stampede.calls} upstream call, ${stampede.complete} complete answers\n`,
      );
    for (const { goal, measured, reached } of verdicts)
      say(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}`);
    mkdirSync(dirname(options.json), { recursive: true });
    const written = {
      at: new Date().toISOString(),
      results: Object.fromEntries(results),
      notMeasured,
      entries,
      stampede,
      verdicts,
    };
    writeFileSync(options.json, `${JSON.stringify(written, null, 2)}\n`);
    say(`written to ${options.json}`);
    return 0;
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startTargets(folder: string, mockPort: number) {
  const starters = [startStatic, startNginxCache, startMemory, startWithRedis];
  const targets: CacheTarget[] = [];
  const notMeasured: { name: TargetName; reason: string }[] = [];
  for (const [at, name] of TARGETS.entries()) {
    const own = join(folder, String(at));
    mkdirSync(own);
    try {
      const target = await starters[at]?.(own, mockPort);
      if (target === undefined) throw new Error('it has no starter');
      await fill(target);
      targets.push(target);
    } catch (thrown) {
      notMeasured.push({ name, reason: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
  return { targets, notMeasured };
}

/** Asks everything twice; the second time must be a hit with the upstream's own choices. */
async function fill({ name, endpoint, bodies }: CacheTarget): Promise<void> {
  const expected = JSON.stringify(JSON.parse(ANSWER).choices);
  const ask = (body: string) =>
    fetch(`http://127.0.0.1:${endpoint.port}${endpoint.path}`, {
      method: 'POST',
      headers: endpoint.headers,
      body,
    });
  for (const body of bodies) await (await ask(body)).text();
  for (const body of bodies.slice(0, 50)) {
    const answer = await ask(body);
    const got = JSON.stringify(JSON.parse(await answer.text()).choices);
    if (got !== expected) throw new Error(`wrong answer: ${got.slice(0, 200)}`);
    if (name !== 'node:http' && answer.headers.get('x-cache')?.toLowerCase() !== 'hit')
      throw new Error(`the second answer was ${answer.headers.get('x-cache')}`);
  }
}

async function measure(targets: readonly CacheTarget[], generator: LoadGenerator, isQuick: boolean) {
  const results = new Map<TargetName, LoadResult[]>();
  const run = ({ endpoint, bodies }: CacheTarget, durationMs: number) => {
    const [body = ''] = bodies;
    return generator.run({
      kind: 'closed',
      endpoint,
      body,
      inFlight: IN_FLIGHT,
      durationMs,
      ...(bodies.length > 1 ? { bodies: [...bodies] } : {}),
    });
  };
  for (const target of targets) {
    say(`warm-up: ${target.name}`);
    await run(target, WARM_UP_MS);
  }
  const rounds = isQuick ? 1 : ROUNDS;
  for (let round = 0; round < rounds; round += 1) {
    for (const target of rotate(targets, round)) {
      const result = await run(target, isQuick ? QUICK_MS : ROUND_MS);
      results.set(target.name, [...(results.get(target.name) ?? []), result]);
      say(
        `round ${round + 1} of ${rounds}: ${target.name}: ${Math.round(result.perSecond).toLocaleString('en')} hits/s`,
      );
    }
  }
  for (const target of targets) await checkTier(target);
  return results;
}

interface Outcomes {
  hit_memory: number;
  hit_redis: number;
  miss: number;
}

/** What was measured must have come from where its name says. Asked once, after all rounds: pages are not measured here. */
async function checkTier({ name, endpoint }: CacheTarget): Promise<void> {
  if (!name.startsWith('switchgear')) return;
  const answer = await fetch(`http://127.0.0.1:${endpoint.port}/api/metrics/cache`);
  const { overall } = (await answer.json()) as { overall: { windows: { outcomes: Outcomes }[] } };
  const { hit_memory = 0, hit_redis = 0, miss = 0 } = overall.windows.at(-1)?.outcomes ?? {};
  const share = (name === 'switchgear Redis' ? hit_redis : hit_memory) / (hit_memory + hit_redis + miss);
  if (!(share >= LEAST_SHARE))
    throw new Error(`${name}: only ${(share * 100).toFixed(1)} % of the answers came from there`);
}

/** Equal streams, all begun before the first token: the mock counts how many it was asked for. */
async function stampedeOf({ endpoint }: CacheTarget, mockPort: number) {
  const model = 'bench-stream-5x200';
  const body = JSON.stringify({
    model,
    temperature: 0,
    stream: true,
    messages: [{ role: 'user', content: 'all at once' }],
  });
  const answers = await Promise.all(
    Array.from({ length: STAMPEDE }, async () => {
      const answer = await fetch(`http://127.0.0.1:${endpoint.port}${endpoint.path}`, {
        method: 'POST',
        headers: endpoint.headers,
        body,
      });
      return answer.text();
    }),
  );
  const stats = await fetch(`http://127.0.0.1:${mockPort}/stats?model=${model}`);
  const { started } = (await stats.json()) as { started: number };
  return { calls: started, complete: answers.filter((text) => text.endsWith('data: [DONE]\n\n')).length };
}

function entriesInMemory(): { entries: number; measured: number; counted: number } {
  const script = join(import.meta.dirname, 'memory.ts');
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script], {
    encoding: 'utf8',
    env: { ...process.env, BODY: ANSWER },
  });
  if (stdout === '') throw new Error(`entries in memory: ${stderr}`);
  return JSON.parse(stdout);
}

function report(results: ReadonlyMap<TargetName, readonly LoadResult[]>): string {
  const cell = (values: readonly (number | null)[], digits: number) => {
    const all = spread(values.filter((value) => value !== null));
    if (all === null) return 'not measured';
    const format = (value: number) =>
      digits === 0 ? Math.round(value).toLocaleString('en') : value.toFixed(digits);
    return `${format(all.median)} (${format(all.min)}–${format(all.max)})`;
  };
  return table(
    ['22 in flight', 'hits/s', 'p50 ms', 'p99 ms', 'failed'],
    [...results].map(([name, rounds]) => [
      name,
      cell(
        rounds.map(({ perSecond }) => perSecond),
        0,
      ),
      cell(
        rounds.map(({ p50Ms }) => p50Ms),
        2,
      ),
      cell(
        rounds.map(({ p99Ms }) => p99Ms),
        2,
      ),
      String(rounds.reduce((sum, { failed }) => sum + failed, 0)),
    ]),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
