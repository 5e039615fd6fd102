/** The telemetry benchmark: what recording a request costs, and whether that grows with what was recorded before. */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stopAllOnSignal, track } from '../lib/children.ts';
import { smallOptions } from '../lib/options.ts';
import { median } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import type { Block, Recorder } from './recorder.ts';

const RECORDERS: readonly Recorder[] = ['switchgear', 'prom-client'];
const ROUNDS = 3;
const BLOCKS = 10;
const BLOCK_REQUESTS = 1_000_000;

/** @returns the exit code */
export async function runTelemetryBench(args: string[]): Promise<number> {
  const options = smallOptions('telemetry', 'one round of 1 million requests', args);
  if (typeof options === 'number') return options;
  stopAllOnSignal();
  const rounds = options.quick ? 1 : ROUNDS;
  const size = options.quick ? BLOCK_REQUESTS / 10 : BLOCK_REQUESTS;
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
  mkdirSync(dirname(options.json), { recursive: true });
  const results = Object.fromEntries(measured);
  writeFileSync(options.json, `${JSON.stringify({ at: new Date().toISOString(), results }, null, 2)}\n`);
  process.stdout.write(`written to ${options.json}\n`);
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
