/** What the server as a process remembers when it comes up again: its history, its events and their numbers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventListSchema } from '#lib/contracts/events.ts';
import { historySchema } from '#lib/contracts/history.ts';
import { post } from '../support/gateway.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const CONFIG = { upstreams: [{ name: 'lab', kind: 'lab' }] };

let dataDir: string;
let server: RunningServer;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'switchgear-data-'));
  server = await start();
});

afterEach(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const start = () => startServer({ config: CONFIG, env: { SWITCHGEAR_DATA_DIR: dataDir } });

async function ask(): Promise<void> {
  const body = { model: 'lab-small', max_tokens: 2, messages: [{ role: 'user', content: 'Hi' }] };
  await (await post(`${server.url}/v1/chat/completions`, body)).text();
}

async function requestsInHistory(): Promise<number> {
  const answer = await fetch(
    `${server.url}/api/history?series=requests_per_s,calls_per_s:lab.chat&step_s=60`,
  );
  const { series, times, step_s } = historySchema.parse(await answer.json());
  expect(series.requests_per_s?.values).toHaveLength(times.length);
  expect(step_s).toBe(60);
  return (series.requests_per_s?.values ?? []).filter((rate) => rate !== null && rate > 0).length;
}

const events = async () =>
  eventListSchema.parse(await (await fetch(`${server.url}/api/events?after=0`)).json());

describe('a restart', () => {
  it('keeps the history of an orderly end, the running minute included', async () => {
    await ask();
    expect(await server.stop('SIGTERM')).toBe(0);
    server = await start();
    expect(await requestsInHistory()).toBeGreaterThan(0);
  });

  it('keeps every event of a kill, and goes on counting', async () => {
    await post(`${server.url}/api/breakers/lab.chat/trip`, { reason: 'before the kill' });
    const before = await events();
    expect(before.events.map(({ type }) => type)).toEqual(['breaker_trip', 'operator_trip']);
    await server.stop('SIGKILL');
    server = await start();
    await post(`${server.url}/api/breakers/lab.chat/trip`, { reason: 'after it' });
    const after = await events();
    expect(after.events.slice(0, 2)).toEqual(before.events);
    expect(after.events.map(({ seq }) => seq)).toEqual(after.events.map((_, index) => index + 1));
    expect(after.events.length).toBeGreaterThan(2);
  });
});
