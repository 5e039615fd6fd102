/** `npm run bench -- attack`: attacks on a running server, and what they do to its memory and to other callers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stop, stopAll, stopAllOnSignal } from '../lib/children.ts';
import { type Attack, upstreams } from './attack.ts';
import { BODY_ATTACKS } from './attacks/bodies.ts';
import { CHANGES } from './attacks/changes.ts';
import { CONNECTION_ATTACKS } from './attacks/connections.ts';
import { deepJson } from './attacks/deep-json.ts';
import { manyUpstreams } from './attacks/many-upstreams.ts';
import { NEVER_READ } from './attacks/never-read.ts';
import { redisResets } from './attacks/redis-resets.ts';
import { STREAM_ATTACKS } from './attacks/streams.ts';
import { sleep } from './client.ts';
import { type AttackOptions, attackOptions } from './options.ts';
import { type AttackResult, report } from './report.ts';
import { startServerOf, startUpstream } from './stage.ts';
import { rssMib, startProbe, watchMemory } from './watch.ts';

export const ATTACKS: readonly Attack[] = [
  ...STREAM_ATTACKS,
  ...NEVER_READ,
  deepJson,
  ...CHANGES,
  ...CONNECTION_ATTACKS,
  ...BODY_ATTACKS,
  manyUpstreams,
  redisResets,
];
/** Other callers are served for this long before it begins, so that memory and code are warm. */
const WARM_UP_MS = 3_000;

/** @returns the exit code */
export async function runAttackBench(args: string[]): Promise<number> {
  const options = attackOptions(
    args,
    ATTACKS.map(({ name }) => name),
  );
  if (typeof options === 'number') return options;
  stopAllOnSignal();
  const results: AttackResult[] = [];
  try {
    for (const attack of ATTACKS) {
      if (options.only !== null && !options.only.includes(attack.name)) continue;
      process.stdout.write(`${attack.name} …\n`);
      results.push(await carryOut(attack, options).catch((thrown: Error) => failed(attack, thrown)));
    }
  } finally {
    await stopAll();
  }
  process.stdout.write(`\n${report(results, options.settleMs)}\n`);
  mkdirSync(dirname(options.json), { recursive: true });
  const json = { at: new Date().toISOString(), ...options, results };
  writeFileSync(options.json, `${JSON.stringify(json, null, 2)}\n`);
  process.stdout.write(`written to ${options.json}\n`);
  return 0;
}

function failed({ name }: Attack, { message }: Error): AttackResult {
  return { name, kind: 'not measured', reason: message };
}

/** Each has a server and an upstream of its own, so that none suffers from the one before. */
async function carryOut(attack: Attack, { server, settleMs }: AttackOptions): Promise<AttackResult> {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-attack-'));
  const cleanUp = await attack.prepare?.();
  try {
    const upstream = await startUpstream();
    const config = await (attack.config ?? upstreams)(upstream.port);
    const running = await startServerOf(server, folder, config);
    const { port, pid, started } = running;
    await startProbeFor(port, WARM_UP_MS);
    const beforeMib = rssMib(pid);
    const stopWatching = watchMemory(pid);
    const stopProbe = startProbe(port);
    const seen = async (model: string) => {
      const answer = await fetch(
        `http://127.0.0.1:${upstream.port}/stats?model=${encodeURIComponent(model)}`,
      );
      return Number(((await answer.json()) as { seen: number }).seen);
    };
    const figures = await attack.run({
      port,
      pid,
      server: started,
      upstreamPort: upstream.port,
      seen,
      reconfigure: running.reconfigure,
    });
    const waited = await stopProbe();
    const peakMib = stopWatching();
    const ended = started.ended();
    if (ended === null && attack.endsServer !== true) await sleep(settleMs);
    const afterMib = rssMib(pid);
    await stop(started.child);
    upstream.close();
    return {
      name: attack.name,
      kind: 'measured',
      beforeMib,
      peakMib,
      afterMib,
      waited: attack.endsServer === true ? null : waited,
      ended,
      figures,
    };
  } finally {
    await cleanUp?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startProbeFor(port: number, ms: number): Promise<void> {
  const end = startProbe(port);
  await sleep(ms);
  await end();
}
