/** The CPU benchmark: what a request costs the server in processor time, beside another checkout of it in the same run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stopAll, stopAllOnSignal, track } from '../lib/children.ts';
import { cpuSecondsOf } from '../lib/cpu.ts';
import { startMock } from '../lib/mock.ts';
import { LoadGenerator } from '../lib/orders.ts';
import { FIXED, SHORT_STREAM } from '../lib/requests.ts';
import { rotate, spread } from '../lib/stats.ts';
import type { Endpoint } from '../lib/streams.ts';
import { table } from '../lib/table.ts';
import { startServer } from '../proxy/switchgear.ts';
import { endpointAt } from '../proxy/target.ts';

const EX_USAGE = 64;
const ROOT = join(import.meta.dirname, '..', '..');
const IN_FLIGHT = 22;
const WARM_UP_MS = 4_000;
const USAGE = `npm run bench -- cpu [options]
  --against DIR   another checkout, built, that is measured in turn with this one
  --rounds N      rounds (7)
  --ms N          length of a measurement, ms (4000)
  --json FILE     where the results go (bench/results/cpu.json)
`;

interface Case {
  readonly name: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** A hit is deterministic and asked again; the others say that nothing may be kept. */
const CASES: readonly Case[] = [
  { name: 'proxied', body: FIXED, headers: {} },
  { name: 'proxied stream', body: SHORT_STREAM, headers: {} },
  {
    name: 'hit',
    body: JSON.stringify({ ...JSON.parse(FIXED), temperature: 0 }),
    headers: { 'cache-control': 'max-age=3600' },
  },
  {
    name: 'repeated bytes',
    body: JSON.stringify({ ...JSON.parse(FIXED), temperature: 0 }),
    headers: { 'cache-control': '' },
  },
];

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** @returns the exit code */
export async function runCpuBench(args: string[]): Promise<number> {
  const options = optionsIn(args);
  if (typeof options === 'number') return options;
  stopAllOnSignal();
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  try {
    const mockPort = await startMock();
    const servers: Server[] = [];
    for (const root of options.roots) {
      const own = join(folder, String(servers.length));
      mkdirSync(own);
      const { started, port } = await startServer(own, configuration(mockPort), root);
      const { pid } = started.child;
      if (pid === undefined) throw new Error(`${root}: the server has no process`);
      servers.push({ name: root === ROOT ? 'this checkout' : basename(root), pid, port });
    }
    const generator = new LoadGenerator();
    track(generator.process);
    const samples = await measure(servers, generator, options.rounds, options.ms);
    process.stdout.write(`\n${report(servers, samples)}\n`);
    mkdirSync(dirname(options.json), { recursive: true });
    const written = {
      at: new Date().toISOString(),
      node: process.version,
      samples: Object.fromEntries(samples),
    };
    writeFileSync(options.json, `${JSON.stringify(written, null, 2)}\n`);
    return 0;
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

function optionsIn(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        against: { type: 'string' },
        rounds: { type: 'string', default: '7' },
        ms: { type: 'string', default: '4000' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string', default: join(ROOT, 'bench', 'results', 'cpu.json') },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const [rounds, ms] = values.quick ? [1, 2_000] : [Number(values.rounds), Number(values.ms)];
    if (!(rounds >= 1 && ms >= 500)) throw new Error('--rounds must be at least 1, --ms at least 500');
    const roots = values.against === undefined ? [ROOT] : [ROOT, resolve(values.against)];
    return { roots, rounds, ms, json: values.json };
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    return EX_USAGE;
  }
}

/** Microseconds of processor time for a request, by case and server. */
async function measure(servers: readonly Server[], generator: LoadGenerator, rounds: number, ms: number) {
  const samples = new Map<string, number[]>();
  for (let round = -1; round < rounds; round += 1) {
    for (const each of CASES) {
      for (const server of rotate(servers, Math.max(0, round))) {
        const before = cpuSecondsOf(server.pid);
        const { ok, failed } = await generator.run({
          kind: 'closed',
          endpoint: endpointOf(server, each),
          body: each.body,
          inFlight: IN_FLIGHT,
          durationMs: round === -1 ? WARM_UP_MS : ms,
        });
        const usPerRequest = ((cpuSecondsOf(server.pid) - before) / (ok + failed)) * 1e6;
        if (failed > 0) throw new Error(`${server.name}, ${each.name}: ${failed} requests failed`);
        if (round === -1) continue;
        const key = `${each.name} · ${server.name}`;
        samples.set(key, [...(samples.get(key) ?? []), usPerRequest]);
      }
    }
    process.stdout.write(round === -1 ? 'warmed up\n' : `round ${round + 1} of ${rounds}\n`);
  }
  return samples;
}

function endpointOf({ port }: Server, { headers }: Case): Endpoint {
  const { headers: usual, ...rest } = endpointAt(port, headers);
  const kept = Object.entries(usual ?? {}).filter(([, value]) => value !== '');
  return { ...rest, headers: Object.fromEntries(kept) };
}

function report(servers: readonly Server[], samples: ReadonlyMap<string, readonly number[]>): string {
  const of = (each: Case, { name }: Server) => spread(samples.get(`${each.name} · ${name}`) ?? []);
  const rows = CASES.map((each) => {
    const spreads = servers.map((server) => of(each, server));
    const [own, other] = spreads.map((found) => found?.median ?? Number.NaN);
    const cells = spreads.map((found) =>
      found === null ? '' : `${found.median.toFixed(1)} (${found.min.toFixed(1)} to ${found.max.toFixed(1)})`,
    );
    const ratio = own === undefined || other === undefined ? [] : [(own / other).toFixed(3)];
    return [each.name, ...cells, ...ratio];
  });
  const ratioHead = servers.length > 1 ? ['ratio'] : [];
  return table(['µs of CPU per request', ...servers.map(({ name }) => name), ...ratioHead], rows);
}

function configuration(mockPort: number): string {
  return `upstreams:
  - name: mock
    kind: openai
    url: http://127.0.0.1:${mockPort}/v1
cache: { shadow_check_percent: 0 }
`;
}
