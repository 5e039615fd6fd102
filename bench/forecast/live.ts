/**
 * Two demo servers side by side, with the same seeded workload and the same imported history: one may act, the other
 * only watches, so that its models are kept as long as the server of the models does by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { predictionsSchema } from '#lib/contracts/predictions.ts';
import { type Started, start, stop } from '../lib/children.ts';
import { freePort, waitUntilReady } from '../lib/ports.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_MS = 60_000;
const REPORT_S = 60;

export interface Measured {
  readonly cold_starts: number;
  readonly idle_warm_minutes: number;
  readonly preloads_used: number;
  readonly preloads_wasted: number;
}

export interface Compared {
  readonly seconds: number;
  readonly act: Measured;
  readonly server: Measured;
}

export async function live(seconds: number, say: (line: string) => void): Promise<Compared> {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-forecast-'));
  const started: Started[] = [];
  try {
    const servers = await Promise.all(
      (['act', 'shadow'] as const).map(async (mode) => {
        const port = await freePort();
        const env: NodeJS.ProcessEnv = {
          ...process.env,
          NODE_ENV: 'production',
          PORT: String(port),
          LOG_LEVEL: 'error',
        };
        const server = start(process.execPath, ['server.ts', '--demo'], {
          cwd: ROOT,
          env: { ...env, SWITCHGEAR_DATA_DIR: join(folder, mode) },
        });
        started.push(server);
        const url = `http://127.0.0.1:${port}/api/predictions`;
        await waitUntilReady(server, () => server.output().includes('ready http'), START_MS);
        // Of the history it may act from the first moment on.
        await waitUntilReady(server, async () => (await view(url)).state === 'ready', START_MS);
        const body = JSON.stringify({ mode, reason: 'benchmark' });
        await fetch(url, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body });
        return { mode, url };
      }),
    );
    const before = await Promise.all(servers.map(({ url }) => measured(url)));
    say(`\nlive: two servers, ${seconds} s of a day of 300 s`);
    for (let left = seconds; left > 0; left -= REPORT_S) {
      say(`${left} s left`);
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, REPORT_S) * 1_000));
    }
    const after = await Promise.all(servers.map(({ url }) => measured(url)));
    const [act, server] = after.map((each, at) => since(before[at], each));
    if (act === undefined || server === undefined) throw new Error('a server did not answer');
    for (const [name, each] of [
      ['act', act],
      ['server', server],
    ] as const)
      say(
        `${name}: ${each.cold_starts} cold starts served, ${each.idle_warm_minutes.toFixed(2)} idle-warm minutes, ${each.preloads_used} preloads used, ${each.preloads_wasted} not`,
      );
    return { seconds, act, server };
  } finally {
    await Promise.all(started.map(({ child }) => stop(child)));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function view(url: string) {
  return predictionsSchema.parse(await (await fetch(url)).json());
}

async function measured(url: string): Promise<Measured> {
  const { warmth } = await view(url);
  const { used, wasted } = warmth.preloads;
  return { ...warmth.measured, preloads_used: used, preloads_wasted: wasted };
}

function since(before: Measured | undefined, after: Measured): Measured {
  return {
    cold_starts: after.cold_starts - (before?.cold_starts ?? 0),
    idle_warm_minutes: after.idle_warm_minutes - (before?.idle_warm_minutes ?? 0),
    preloads_used: after.preloads_used - (before?.preloads_used ?? 0),
    preloads_wasted: after.preloads_wasted - (before?.preloads_wasted ?? 0),
  };
}
