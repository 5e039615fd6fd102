/** The console benchmark: what open consoles cost the server and its callers. */
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopAll, stopAllOnSignal, track } from '../lib/children.ts';
import { cpuSecondsOf } from '../lib/cpu.ts';
import { startMock } from '../lib/mock.ts';
import { type SmallOptions, smallOptions } from '../lib/options.ts';
import { LoadGenerator } from '../lib/orders.ts';
import { FIXED } from '../lib/requests.ts';
import { median, rotate, spread } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import { startSwitchgear } from '../proxy/switchgear.ts';
import type { Target } from '../proxy/target.ts';

const CONSOLES = [0, 1, 20, 100];
const MANY = 100;
const COMPARED = [0, MANY];
const RATE_PER_S = 500;
const MAX_P99_RATIO = 1.2;

interface Options {
  rounds: number;
  roundMs: number;
  jsonFile: string;
}

interface Measured {
  /** By the number of consoles: CPU in percent of one core, without any load. */
  idleCpu: Map<number, number[]>;
  /** With none and with many, taken in turns: CPU under `RATE_PER_S`, and the latency's p99. */
  busyCpu: Map<number, number[]>;
  p99Ms: Map<number, number[]>;
  failed: number;
}

/** @returns the exit code */
export async function runConsoleBench(args: string[]): Promise<number> {
  const given = smallOptions('console', 'one short round', args);
  if (typeof given === 'number') return given;
  const options = optionsOf(given);
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  stopAllOnSignal();
  try {
    const target = await startSwitchgear({ mockPort: await startMock(), folder, say });
    const measured = await measure(target, options);
    process.stdout.write(`\n${report(measured)}\n`);
    mkdirSync(dirname(options.jsonFile), { recursive: true });
    const json = {
      ...measured,
      idleCpu: [...measured.idleCpu],
      busyCpu: [...measured.busyCpu],
      p99Ms: [...measured.p99Ms],
    };
    writeFileSync(
      options.jsonFile,
      `${JSON.stringify({ at: new Date().toISOString(), options, ...json }, null, 2)}\n`,
    );
    say(`written to ${options.jsonFile}`);
    return 0;
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

function optionsOf({ quick, json }: SmallOptions): Options {
  return { rounds: quick ? 1 : 5, roundMs: quick ? 2_000 : 5_000, jsonFile: json };
}

async function measure({ endpoint, started }: Target, { rounds, roundMs }: Options): Promise<Measured> {
  const pid = started?.child.pid;
  if (pid === undefined) throw new Error('the server has no process');
  const generator = new LoadGenerator();
  track(generator.process);
  const consoles = new Consoles(endpoint.port);
  const load = () =>
    generator.run({ kind: 'open', endpoint, body: FIXED, ratePerS: RATE_PER_S, durationMs: roundMs });
  const measured: Measured = {
    idleCpu: new Map(CONSOLES.map((count) => [count, []])),
    busyCpu: new Map(COMPARED.map((count) => [count, []])),
    p99Ms: new Map(COMPARED.map((count) => [count, []])),
    failed: 0,
  };
  say('warm-up');
  await load();
  for (let round = 0; round < rounds; round++) {
    for (const count of rotate(CONSOLES, round)) {
      await consoles.open(count);
      measured.idleCpu.get(count)?.push(await cpuPercent(pid, () => delay(roundMs)));
    }
    say(`round ${round + 1} of ${rounds}: idle`);
  }
  for (let round = 0; round < rounds * 2; round++) {
    for (const count of rotate(COMPARED, round)) {
      await consoles.open(count);
      const busy = await cpuPercent(pid, async () => {
        const result = await load();
        measured.p99Ms.get(count)?.push(result.p99Ms ?? Number.NaN);
        measured.failed += result.failed;
      });
      measured.busyCpu.get(count)?.push(busy);
    }
    const shown = COMPARED.map(
      (count) => `${measured.p99Ms.get(count)?.at(-1)?.toFixed(2)} ms with ${count}`,
    );
    say(`round ${round + 1} of ${rounds * 2}: p99 ${shown.join(', ')}`);
  }
  return measured;
}

async function cpuPercent(pid: number, work: () => Promise<unknown>): Promise<number> {
  const [cpu, startedAt] = [cpuSecondsOf(pid), performance.now()];
  await work();
  return ((cpuSecondsOf(pid) - cpu) / ((performance.now() - startedAt) / 1_000)) * 100;
}

class Consoles {
  readonly #port: number;
  readonly #child = fork(join(import.meta.dirname, 'listeners.ts'), { stdio: 'inherit' });

  constructor(port: number) {
    this.#port = port;
    track(this.#child);
  }

  /** So many are open from then on. */
  open(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (answer: { open: number } | { error: string }) => {
        if ('error' in answer) reject(new Error(answer.error));
        else resolve();
      });
      this.#child.send({ port: this.#port, count });
    });
  }
}

function report({ idleCpu, busyCpu, p99Ms, failed }: Measured): string {
  const show = (values: number[] | undefined, digits: number) => {
    const found = spread(values ?? []);
    return found === null
      ? '–'
      : `${found.median.toFixed(digits)} (${found.min.toFixed(digits)}–${found.max.toFixed(digits)})`;
  };
  const none = median(p99Ms.get(0) ?? []);
  const ratio = median(p99Ms.get(MANY) ?? []) / none;
  const idle = (count: number) => median(idleCpu.get(count) ?? []);
  const each = (idle(MANY) - idle(0)) / MANY;
  return [
    `Open consoles: CPU of the server in percent of one core, and latency at ${RATE_PER_S} requests/s (medians, lowest–highest)`,
    table(
      ['consoles', 'CPU idle %', 'CPU loaded %', 'p99 ms'],
      CONSOLES.map((count) => [
        String(count),
        show(idleCpu.get(count), 1),
        show(busyCpu.get(count), 1),
        show(p99Ms.get(count), 2),
      ]),
    ),
    failed === 0 ? '' : `! ${failed} requests failed`,
    '',
    'Goals',
    `  ${ratio <= MAX_P99_RATIO ? 'REACHED' : 'MISSED '}  p99 with ${MANY} consoles at most ${MAX_P99_RATIO} × that with none: ${ratio.toFixed(2)} ×`,
    `  MEASURED an open console costs ${each.toFixed(3)} % of a core`,
  ].join('\n');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
