/** The batching benchmark: one call at a time for 30 ms + 2 ms an input; two models at a server that holds one; a trace. */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startLabUpstream } from '#lib/lab/upstream.ts';
import { start, stopAll, stopAllOnSignal, track } from '../lib/children.ts';
import { smallOptions } from '../lib/options.ts';
import { accepts, freePort, waitUntilReady } from '../lib/ports.ts';
import { median, rotate } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import { startServer } from '../proxy/switchgear.ts';
import { arrivals, type CallerResult, callers } from './callers.ts';
import { type ChatResult, chats, FirstComeFirstServed } from './chats.ts';
import { judge } from './goals.ts';

const CALLERS = [1, 8, 64, 256] as const;
const ROUNDS = 3;
const ROUND_MS = 4_000;
const WARM_UP_MS = 1_500;
const MAX_SIZE = 20;
const WAIT_MS = 50;
const UNBATCHED = ', batching: { embedding: { max_size: 1 } }';
const CHATS = 120;
const SPEEDS = [10, 50, 200] as const;
const TRACE = join(import.meta.dirname, '..', '..', '..', 'shared', 'traces', 'azure_llm2023_conv_1s.csv');
const TRACE_REQUESTS = 3_000;
const TRACE_MS = 15_000;
const GIB = 1024 ** 3;

const TARGETS = ['unbatched', 'fixed window', 'switchgear'] as const;
type TargetName = (typeof TARGETS)[number];

interface Cell extends CallerResult {
  readonly calls: number;
}

/** @returns the exit code */
export async function runBatchingBench(args: string[]): Promise<number> {
  const options = smallOptions('batching', 'one round, and fewer chats', args);
  if (typeof options === 'number') return options;
  stopAllOnSignal();
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  try {
    const rounds = options.quick ? 1 : ROUNDS;
    const embeddings = await measureEmbeddings(folder, rounds);
    const chat = await measureChats(folder, rounds, options.quick ? CHATS / 2 : CHATS);
    const trace = existsSync(TRACE) ? await measureTrace(folder) : null;
    const of = (name: TargetName, count: number, read: (cell: Cell) => number) =>
      median((embeddings.get(`${name} ${count}`) ?? []).map(read));
    const ours = chat.map(({ switchgear }) => switchgear);
    const fifo = chat.map(({ direct }) => direct);
    const verdicts = judge({
      throughputAt64: of('switchgear', 64, perSecond) / of('unbatched', 64, perSecond),
      loneAddedMs: of('switchgear', 1, p50) - of('unbatched', 1, p50),
      p99OverFixed: CALLERS.map((count) => of('switchgear', count, p99) / of('fixed window', count, p99)),
      efficiencyAt64:
        of('switchgear', 64, ({ perSecond: rate, calls }) => (rate * (ROUND_MS / 1_000)) / calls) / MAX_SIZE,
      loadsSaved: median(fifo.map(({ loads }) => loads)) / median(ours.map(({ loads }) => loads)),
      chatP99OverFifo: median(ours.map(p99)) / median(fifo.map(p99)),
    });
    say(`\n${embeddingTable(of)}\n`);
    say(`${chatTable(fifo, ours)}\n`);
    say(trace === null ? `not measured: the trace, which is not at ${TRACE}` : `${traceTable(trace)}\n`);
    for (const { goal, measured, reached } of verdicts)
      say(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}`);
    mkdirSync(dirname(options.json), { recursive: true });
    const written = {
      at: new Date().toISOString(),
      embeddings: Object.fromEntries(embeddings),
      chat,
      trace,
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

const perSecond = (cell: CallerResult) => cell.perSecond;
const p50 = (cell: { p50Ms: number }) => cell.p50Ms;
const p99 = (cell: { p99Ms: number }) => cell.p99Ms;

async function measureEmbeddings(folder: string, rounds: number): Promise<Map<string, Cell[]>> {
  const upstream = await startUpstream();
  const targets: { name: TargetName; port: number }[] = [
    {
      name: 'unbatched',
      port: await startSwitchgear(join(folder, 'unbatched'), upstream, 'openai', UNBATCHED),
    },
    { name: 'fixed window', port: await startFixedWindow(folder, upstream) },
    { name: 'switchgear', port: await startSwitchgear(join(folder, 'embeddings'), upstream) },
  ];
  const cells = new Map<string, Cell[]>();
  for (const { name, port } of targets) {
    say(`warm-up: ${name}`);
    await callers(port, 8, WARM_UP_MS);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const count of CALLERS) {
      for (const { name, port } of rotate(targets, round)) {
        await callsOf(upstream);
        const result = await callers(port, count, ROUND_MS);
        const cell = { ...result, calls: await callsOf(upstream) };
        const key = `${name} ${count}`;
        cells.set(key, [...(cells.get(key) ?? []), cell]);
        say(
          `round ${round + 1} of ${rounds}: ${count} callers: ${name}: ${result.perSecond.toFixed(0)} requests/s`,
        );
      }
    }
  }
  return cells;
}

async function measureChats(folder: string, rounds: number, count: number) {
  const lab = () => startLabUpstream({ name: 'bench', memoryBytes: 4 * GIB });
  const results: { direct: ChatResult; switchgear: ChatResult }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [one, two] = [await lab(), await lab()];
    const port = await startSwitchgear(
      join(folder, `chats-${round}`),
      Number(new URL(two.url).port),
      'ollama',
    );
    const direct = await chats(Number(new URL(one.url).port), count, new FirstComeFirstServed());
    say(`round ${round + 1} of ${rounds}: chats: first come, first served: ${direct.loads} loads`);
    const switchgear = await chats(port, count, null);
    say(`round ${round + 1} of ${rounds}: chats: switchgear: ${switchgear.loads} loads`);
    results.push({ direct, switchgear });
    await one.close();
    await two.close();
  }
  return results;
}

async function measureTrace(folder: string) {
  const [, ...lines] = readFileSync(TRACE, 'utf8').trim().split('\n');
  const perSecondCounts = lines.map((line) => Number(line.split(',')[1]));
  const results = [];
  for (const speed of SPEEDS) {
    const upstream = await startUpstream('parallel');
    const port = await startSwitchgear(join(folder, `trace-${speed}`), upstream);
    const atMs = arrivalsIn(perSecondCounts, speed);
    const direct = await arrivals(upstream, atMs);
    const before = await callsOf(upstream);
    const ours = await arrivals(port, atMs);
    const calls = await callsOf(upstream);
    const answer = await fetch(`http://127.0.0.1:${port}/api/batching`);
    const { embedding_batcher } = (await answer.json()) as {
      embedding_batcher: { wait_ms: { p50: number; p99: number } };
    };
    say(`trace at ${speed} times: ${atMs.length} requests, ${calls} calls`);
    results.push({
      speed,
      requests: atMs.length,
      before,
      calls,
      direct,
      ours,
      waitMs: embedding_batcher.wait_ms,
    });
  }
  return results;
}

/** Each second's arrivals, evenly spread over it, as long as they fit into the time and number that is measured. */
function arrivalsIn(counts: readonly number[], speed: number): number[] {
  const atMs: number[] = [];
  for (const [second, count] of counts.entries()) {
    for (let i = 0; i < count; i += 1) {
      const at = ((second + i / count) * 1_000) / speed;
      if (at > TRACE_MS || atMs.length >= TRACE_REQUESTS) return atMs;
      atMs.push(at);
    }
  }
  return atMs;
}

function startUpstream(mode = ''): Promise<number> {
  const child = fork(join(import.meta.dirname, 'serial-upstream.ts'), ['30', '2', mode], {
    stdio: 'inherit',
  });
  track(child);
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) => resolve(port));
    child.once('exit', () => reject(new Error('the upstream did not start')));
  });
}

async function startFixedWindow(folder: string, upstream: number): Promise<number> {
  const port = await freePort();
  const args = [join(import.meta.dirname, 'fixed-window.ts'), port, upstream, MAX_SIZE, WAIT_MS].map(String);
  const started = start(process.execPath, args, { cwd: folder, env: process.env });
  await waitUntilReady(started, () => accepts(port), 5_000);
  return port;
}

/** With its default limits: 20 and 50 ms for embeddings, 5 and 100 ms for chats. */
async function startSwitchgear(
  folder: string,
  upstream: number,
  kind = 'openai',
  more = '',
): Promise<number> {
  mkdirSync(folder);
  const url = `http://127.0.0.1:${upstream}${kind === 'openai' ? '/v1' : ''}`;
  const yaml = `upstreams:\n  - { name: bench, kind: ${kind}, url: "${url}", connections: 256${more} }\ncache: { enabled: false }\n`;
  return (await startServer(folder, yaml)).port;
}

/** Since it was asked last. */
async function callsOf(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/stats`);
  return ((await answer.json()) as { calls: number }).calls;
}

function embeddingTable(
  of: (name: TargetName, count: number, read: (cell: Cell) => number) => number,
): string {
  const rows = CALLERS.flatMap((count) =>
    TARGETS.map((name) => {
      const calls = of(name, count, (cell) => cell.calls);
      const requests = of(name, count, perSecond) * (ROUND_MS / 1_000);
      return [
        `${count} × ${name}`,
        of(name, count, perSecond).toFixed(0),
        of(name, count, p50).toFixed(1),
        of(name, count, p99).toFixed(1),
        calls.toFixed(0),
        (requests / calls / MAX_SIZE).toFixed(2),
        of(name, count, ({ failed }) => failed).toFixed(0),
      ];
    }),
  );
  return table(['callers', 'requests/s', 'p50 ms', 'p99 ms', 'calls', 'efficiency', 'failed'], rows);
}

function chatTable(fifo: readonly ChatResult[], ours: readonly ChatResult[]): string {
  const row = (name: string, results: readonly ChatResult[]) => [
    name,
    median(results.map(({ loads }) => loads)).toFixed(0),
    median(results.map(p50)).toFixed(0),
    median(results.map(p99)).toFixed(0),
    median(results.map(({ failed }) => failed)).toFixed(0),
  ];
  const rows = [row('first come, first served', fifo), row('switchgear', ours)];
  return table(['two models, room for one', 'loads', 'p50 ms', 'p99 ms', 'failed'], rows);
}

function traceTable(results: Awaited<ReturnType<typeof measureTrace>>): string {
  const rows = results.map(({ speed, requests, calls, direct, ours, waitMs }) => [
    `${speed} ×`,
    (requests / (ours.perSecond === 0 ? 1 : requests / ours.perSecond)).toFixed(0),
    String(requests),
    String(calls),
    `${((1 - calls / requests) * 100).toFixed(0)} %`,
    waitMs.p99.toFixed(1),
    direct.p99Ms.toFixed(1),
    ours.p99Ms.toFixed(1),
  ]);
  const head = [
    'trace',
    'requests/s',
    'requests',
    'calls',
    'calls saved',
    'wait p99 ms',
    'direct p99 ms',
    'ours p99 ms',
  ];
  return table(head, rows);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
