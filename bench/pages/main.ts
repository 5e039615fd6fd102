/** The pages benchmark: how soon a server is ready, and each page under traffic: its weight, its first live figure, Lighthouse. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../tests/support/browser.ts';
import { stop, stopAll, stopAllOnSignal } from '../lib/children.ts';
import { type SmallOptions, smallOptions } from '../lib/options.ts';
import { installPeer, type Peer } from '../lib/peer.ts';
import { median, spread } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import { startServer } from '../proxy/switchgear.ts';
import { CATEGORIES, lighthouse, type Scores } from './lighthouse.ts';
import { PAGES, type PageWeight, weighPage } from './weight.ts';

const CONFIG = `upstreams:
  - { name: lab, kind: lab }
  - { name: lab-standby, kind: lab }
`;
const WORKLOAD = { shape: 'steady', rate_per_s: 10, chat_model: 'lab-small' };
const TRAFFIC_MS = 10_000;

const MAX_READY_MS = 2_000;
const MAX_PAGE_KIB = 250;
const MIN_SCORE = 95;

interface Measured {
  /** From the start of the process to the line `ready`. */
  readyMs: number[];
  weights: PageWeight[];
  /** By page: from navigation to the first figure, as served, and to the first snapshot of the stream. */
  paintMs: Map<string, number[]>;
  liveMs: Map<string, number[]>;
  scores: Map<string, Scores[]>;
}

/** @returns the exit code */
export async function runPagesBench(args: string[]): Promise<number> {
  const given = smallOptions('pages', 'one run of each', args);
  if (typeof given === 'number') return given;
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  stopAllOnSignal();
  let browser: Browser | null = null;
  try {
    const peer = await installPeer('lighthouse', 'lighthouse', say);
    const rounds = given.quick ? 1 : 5;
    const readyMs = await measureStarts(rounds, folder);
    mkdirSync(join(folder, 'served'));
    const { port } = await startServer(join(folder, 'served'), CONFIG);
    const url = `http://127.0.0.1:${port}`;
    await sendTraffic(url);
    browser = await launchBrowser();
    const pages = await measurePages(browser, url, rounds);
    await browser.close();
    const scores = await measureScores(peer, url, given.quick ? 1 : 3);
    const measured = { readyMs, ...pages, scores };
    process.stdout.write(`\n${report(measured)}\n`);
    write(given, measured);
    return 0;
  } finally {
    await browser?.close();
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureStarts(rounds: number, folder: string): Promise<number[]> {
  const readyMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const own = join(folder, `start-${round}`);
    mkdirSync(own);
    const startedAt = performance.now();
    const { started } = await startServer(own, CONFIG);
    readyMs.push(performance.now() - startedAt);
    await stop(started.child);
    say(`start ${round + 1} of ${rounds}: ready after ${readyMs.at(-1)?.toFixed(0)} ms`);
  }
  return readyMs;
}

async function sendTraffic(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/lab/workload`, { method: 'POST', body: JSON.stringify(WORKLOAD) });
  if (answer.status !== 201) throw new Error(`the workload was refused: ${await answer.text()}`);
  await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS));
}

async function measurePages(browser: Browser, url: string, rounds: number) {
  const weights: PageWeight[] = [];
  const paintMs = new Map<string, number[]>();
  const liveMs = new Map<string, number[]>();
  for (const path of PAGES) {
    weights.push(await weighPage(browser, url, path));
    const [paints, lives]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const { paint, live } = await timePage(browser, `${url}${path}`);
      paints.push(paint);
      lives.push(live);
    }
    paintMs.set(path, paints);
    liveMs.set(path, lives);
    say(`${path}: painted after ${median(paints).toFixed(0)} ms, live after ${median(lives).toFixed(0)} ms`);
  }
  return { weights, paintMs, liveMs };
}

/** With an empty cache; the figures of the first paint are those that the server knew when it was asked. */
async function timePage(browser: Browser, url: string): Promise<{ paint: number; live: number }> {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  try {
    await page.goto(url);
    await page.getByTestId('status').filter({ hasText: /live/i }).waitFor();
    const live = await page.evaluate(() => performance.now());
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    );
    return { paint, live };
  } finally {
    await page.close();
  }
}

async function measureScores(peer: Peer, url: string, runs: number): Promise<Map<string, Scores[]>> {
  const scores = new Map<string, Scores[]>();
  for (const path of PAGES) {
    const own: Scores[] = [];
    for (let run = 0; run < runs; run += 1) own.push(await lighthouse(peer, `${url}${path}`));
    scores.set(path, own);
    say(`lighthouse ${path}: ${CATEGORIES.map((name) => `${name} ${scoreOf(own, name)}`).join(', ')}`);
  }
  return scores;
}

const scoreOf = (runs: readonly Scores[], name: keyof Scores) => median(runs.map((each) => each[name]));

function report({ readyMs, weights, paintMs, liveMs, scores }: Measured): string {
  const ready = spread(readyMs);
  const heaviest = Math.max(...weights.map(({ firstKib }) => firstKib));
  const lowest = Math.min(
    ...[...scores.values()].flatMap((runs) => CATEGORIES.map((name) => scoreOf(runs, name))),
  );
  const goal = (reached: boolean) => (reached ? 'REACHED' : 'MISSED ');
  return [
    'Each page of a server with 10 requests/s (medians): JavaScript, compressed, of its first load and with the charts; the first paint, which has figures; the first snapshot of the stream; Lighthouse',
    table(
      ['page', 'first KiB', 'all KiB', 'paint ms', 'live ms', ...CATEGORIES],
      weights.map(({ path, firstKib, allKib }) => [
        path,
        firstKib.toFixed(1),
        allKib.toFixed(1),
        median(paintMs.get(path) ?? []).toFixed(0),
        median(liveMs.get(path) ?? []).toFixed(0),
        ...CATEGORIES.map((name) => String(scoreOf(scores.get(path) ?? [], name))),
      ]),
    ),
    '',
    'Goals',
    `  ${goal(median(readyMs) <= MAX_READY_MS)}  ready at most ${MAX_READY_MS} ms after its start: ${ready?.median.toFixed(0)} ms (${ready?.min.toFixed(0)}–${ready?.max.toFixed(0)})`,
    `  ${goal(heaviest <= MAX_PAGE_KIB)}  at most ${MAX_PAGE_KIB} KiB of JavaScript in a page's first load: ${heaviest.toFixed(1)} KiB`,
    `  ${goal(lowest >= MIN_SCORE)}  Lighthouse at least ${MIN_SCORE} in each category of each page: ${lowest}`,
  ].join('\n');
}

function write({ json }: SmallOptions, measured: Measured): void {
  mkdirSync(dirname(json), { recursive: true });
  const { paintMs, liveMs, scores, ...rest } = measured;
  const plain = { ...rest, paintMs: [...paintMs], liveMs: [...liveMs], scores: [...scores] };
  writeFileSync(json, `${JSON.stringify({ at: new Date().toISOString(), ...plain }, null, 2)}\n`);
  say(`written to ${json}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
