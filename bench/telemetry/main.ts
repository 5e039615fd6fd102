/** The telemetry benchmark: what recording a request costs, and whether that grows with what was recorded before. */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stopAll, track } from '../lib/children.ts';
import { median } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import type { Block, Recorder } from './recorder.ts';

const USAGE = `npm run bench -- telemetry [options]
  --quick         one round of 1 million requests: a look, not a result
  --json FILE     where the results go (bench/results/telemetry.json)
`;
const EX_USAGE = 64;
const RECORDERS: readonly Recorder[] = ['switchgear', 'prom-client'];
const ROUNDS = 3;
const BLOCKS = 10;
const BLOCK_REQUESTS = 1_000_000;

/** @returns the exit code */
export async function runTelemetryBench(args: string[]): Promise<number> {
  let values: { quick: boolean; json: string; help: boolean };
  try {
    values = parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string', default: join(import.meta.dirname, '..', 'results', 'telemetry.json') },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    return EX_USAGE;
  }
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stopAll().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143)));
  }
  const rounds = values.quick ? 1 : ROUNDS;
  const size = values.quick ? BLOCK_REQUESTS / 10 : BLOCK_REQUESTS;
  const measured = new Map<Recorder, Block[][]>(RECORDERS.map((recorder) => [recorder, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const recorder of RECORDERS) {
      const blocks = await record(recorder, size);
      measured.get(recorder)?.push(blocks);
      const ns = median(blocks.map(({ nsPerRequest }) => nsPerRequest));
      process.stdout.write(`round ${round} of ${rounds}: ${recorder}: ${ns.toFixed(0)} ns per request\n`);
    }
  }
  process.stdout.write(`\n${report(measured)}\n`);
  mkdirSync(dirname(values.json), { recursive: true });
  const results = Object.fromEntries(measured);
  writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), results }, null, 2)}\n`);
  process.stdout.write(`written to ${values.json}\n`);
  return 0;
}

/** Of the first and the last block, and after them; medians over the rounds. */
function report(measured: ReadonlyMap<Recorder, Block[][]>): string {
  const rows = [...measured].map(([recorder, rounds]) => {
    const of = (pick: (block: Block) => number, block: number) =>
      median(rounds.map((blocks) => pick(blocks.at(block) ?? { requests: 0, nsPerRequest: 0, heapMib: 0 })));
    const ns = (block: number) => of(({ nsPerRequest }) => nsPerRequest, block).toFixed(0);
    const mib = (block: number) => of(({ heapMib }) => heapMib, block).toFixed(1);
    return [recorder, ns(0), ns(-1), mib(0), mib(-1)];
  });
  const requests = [...measured.values()][0]?.[0]?.at(-1)?.requests ?? 0;
  return [
    `Recording ${requests.toLocaleString('en')} requests, a tenth a block (medians over the rounds)`,
    table(['recorder', 'ns, first block', 'ns, last', 'heap MiB, first', 'heap MiB, last'], rows),
  ].join('\n');
}

function record(recorder: Recorder, size: number): Promise<Block[]> {
  const child = fork(join(import.meta.dirname, 'recorder.ts'), [recorder, String(BLOCKS), String(size)], {
    stdio: 'inherit',
    execArgv: ['--expose-gc'],
  });
  track(child);
  return new Promise((resolve, reject) => {
    let blocks: Block[] | null = null;
    child.once('message', (message: Block[]) => {
      blocks = message;
    });
    child.once('exit', (code) => {
      if (blocks === null) reject(new Error(`${recorder}: ended with ${code} before it had measured`));
      else resolve(blocks);
    });
  });
}
