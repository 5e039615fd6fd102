/** The size benchmark: what many upstreams make of the memory, of the metrics, and of what a console is sent. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stop, stopAll, stopAllOnSignal } from '../lib/children.ts';
import { memoryOf } from '../lib/memory.ts';
import { startMock } from '../lib/mock.ts';
import { smallOptions } from '../lib/options.ts';
import { table } from '../lib/table.ts';
import { startServer } from '../proxy/switchgear.ts';
import { CALLERS, Callers } from './callers.ts';
import { configOf } from './config.ts';
import { bytesOf, readStream } from './readings.ts';

interface Case {
  readonly upstreams: number;
  /** Upstreams that are called all the time. */
  readonly busy: number;
}

const CASES: readonly Case[] = [
  { upstreams: 1, busy: 0 },
  { upstreams: 50, busy: 0 },
  { upstreams: 500, busy: 0 },
  { upstreams: 500, busy: 50 },
  { upstreams: 500, busy: 500 },
];
const MAX_STREAM_BYTES_PER_S = 100_000;
const MAX_METRICS_BYTES = 1_000_000;
const MAX_RSS_MIB = 300;

interface Measured extends Case {
  rssMib: number;
  rssAfterMib: number;
  metricsBytes: number;
  breakersBytes: number;
  firstFrameBytes: number;
  streamBytesPerS: number;
}

/** @returns the exit code */
export async function runSizeBench(args: string[]): Promise<number> {
  const given = smallOptions('size', 'a shorter look at each', args);
  if (typeof given === 'number') return given;
  const lookMs = given.quick ? 5_000 : 20_000;
  stopAllOnSignal();
  try {
    const mockPort = await startMock();
    const measured: Measured[] = [];
    for (const each of CASES) {
      measured.push(await measure(each, `http://127.0.0.1:${mockPort}/v1`, lookMs));
      say(`${each.upstreams} upstreams, ${each.busy} busy: done`);
    }
    process.stdout.write(`\n${report(measured)}\n`);
    mkdirSync(dirname(given.json), { recursive: true });
    writeFileSync(
      given.json,
      `${JSON.stringify({ at: new Date().toISOString(), lookMs, measured }, null, 2)}\n`,
    );
    say(`written to ${given.json}`);
    return 0;
  } finally {
    await stopAll();
  }
}

async function measure({ upstreams, busy }: Case, url: string, lookMs: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  const { started, port } = await startServer(folder, configOf(upstreams, url));
  const server = `http://127.0.0.1:${port}`;
  const rss = () => memoryOf(started.child.pid ?? 0)?.rssMib ?? Number.NaN;
  const callers = new Callers(server, busy);
  try {
    await delay(lookMs);
    const rssMib = rss();
    await callers.allCalled();
    const { firstBytes, bytesPerS } = await readStream(`${server}/api/stream`, lookMs);
    return {
      upstreams,
      busy,
      rssMib,
      metricsBytes: await bytesOf(`${server}/metrics`),
      breakersBytes: await bytesOf(`${server}/api/breakers`),
      firstFrameBytes: firstBytes,
      streamBytesPerS: bytesPerS,
      rssAfterMib: rss(),
    };
  } finally {
    await callers.close();
    await stop(started.child);
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(measured: readonly Measured[]): string {
  const kb = (bytes: number) => (bytes / 1_000).toFixed(1);
  const rest = measured.filter(({ busy }) => busy === 0);
  const goal = (isReached: boolean, text: string) => `  ${isReached ? 'REACHED' : 'MISSED '}  ${text}`;
  const most = (read: (each: Measured) => number, of = measured) => Math.max(...of.map(read));
  const stream = most(({ streamBytesPerS }) => streamBytesPerS);
  const partly = measured.filter(({ busy }) => busy < 100);
  const metrics = most(({ metricsBytes }) => metricsBytes, partly);
  const rss = most(({ rssMib }) => rssMib, rest);
  return [
    `Many upstreams of four components each; those that are busy are called by ${CALLERS} callers`,
    table(
      [
        'upstreams',
        'busy',
        'RSS MiB',
        'RSS after MiB',
        'stream kB/s',
        'first frame kB',
        '/metrics kB',
        '/api/breakers kB',
      ],
      measured.map((each) => [
        String(each.upstreams),
        String(each.busy),
        each.rssMib.toFixed(0),
        each.rssAfterMib.toFixed(0),
        kb(each.streamBytesPerS),
        kb(each.firstFrameBytes),
        kb(each.metricsBytes),
        kb(each.breakersBytes),
      ]),
    ),
    '',
    'Goals',
    goal(stream <= MAX_STREAM_BYTES_PER_S, `at most 100 kB a second for each console: ${kb(stream)} kB`),
    goal(metrics <= MAX_METRICS_BYTES, `at most 1 MB of metrics with 50 upstreams called: ${kb(metrics)} kB`),
    goal(rss <= MAX_RSS_MIB, `at most ${MAX_RSS_MIB} MiB at rest: ${rss.toFixed(0)} MiB`),
  ].join('\n');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
