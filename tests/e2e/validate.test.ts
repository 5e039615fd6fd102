/** `npm run validate` against a good configuration and against one that is deliberately bad. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Score, scoreSchema } from '#lib/contracts/score.ts';
import { freePort, type RunningServer, startServer } from '../support/server.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'validate', 'main.ts');
const GOOD = { upstreams: [{ name: 'lab', kind: 'lab', breaker: { open_s: 1 } }] };
/** A breaker that never opens, and nothing kept. */
const BAD = {
  upstreams: [{ name: 'lab', kind: 'lab', breaker: { failure_rate_percent: 100, minimum_calls: 10_000 } }],
  cache: { enabled: false },
};

interface Validated {
  url: string;
  code: number;
  score: Score;
  said: string;
}

const servers: RunningServer[] = [];
let good: Validated;
let bad: Validated;

async function run(url: string, ...args: string[]) {
  const child = spawn(process.execPath, [MAIN, '--url', url, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, said };
}

async function validate(config: object): Promise<Validated> {
  const server = await startServer({ config });
  servers.push(server);
  // Somebody disarmed it and forgot.
  if (config === BAD)
    await fetch(`${server.url}/api/breakers/lab.embeddings/hold`, {
      method: 'POST',
      body: JSON.stringify({ mode: 'metrics_only' }),
    });
  const { code, out, said } = await run(server.url, '--json');
  const { troubles: _, ...score } = JSON.parse(out);
  return { url: server.url, code, score: scoreSchema.parse(score), said };
}

beforeAll(async () => {
  good = await validate(GOOD);
  bad = await validate(BAD);
}, 400_000);
afterAll(async () => {
  for (const server of servers) await server.stop();
});

const statusOf = ({ score }: Validated, id: string) => score.checks.find((check) => check.id === id)?.status;

describe('npm run validate', () => {
  it('drives what has to be driven, so that everything but the forecasts of a new server is measured', () => {
    const open = good.score.checks.filter(({ status }) => status === 'not_measured').map(({ id }) => id);
    expect(open.filter((id) => id !== 'predictive_allocation')).toEqual([]);
    expect(good.said).toContain('load test');
  });

  it.each([
    'breakers_protect',
    'breaker_drill',
    'breaker_testing',
    'dashboard',
    'success_rate',
    'cache_hit_rate',
    'connection_pooling',
    'request_batching',
  ])('passes %s of a good configuration', (id) => {
    expect(statusOf(good, id)).toBe('passed');
  });

  it.each(['breakers_protect', 'breaker_drill'])('fails %s of a bad one', (id) => {
    expect(statusOf(bad, id)).toBe('failed');
  });

  it('gives no points for hits where nothing is kept', () => {
    for (const id of ['cache_hit_rate', 'cache_throughput'])
      expect(bad.score.checks.find((check) => check.id === id)?.points).toBe(0);
  });

  it('sums to less for the bad one, and ends with 1 below a hundred', () => {
    expect(bad.score.score).toBeLessThan(good.score.score);
    expect(bad.code).toBe(1);
    expect(good.code).toBe(good.score.score === 100 ? 0 : 1);
  });

  it('prints a table with the score, and ends with 2 where no server answers', async () => {
    const { out } = await run(good.url, '--observe');
    expect(out).toMatch(/A failure drill passed +10\/10 +passed/);
    expect(out).toMatch(/score [\d.]+\/100\n$/);
    const { code, said } = await run(`http://127.0.0.1:${await freePort()}`);
    expect([code, said]).toEqual([2, expect.stringContaining('no server answers')]);
  });
});
