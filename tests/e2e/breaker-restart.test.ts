/** What a kill must not cost: holds, changed settings, an open breaker and the rest of its open time, the evidence. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { breakerSchema, transitionListSchema } from '#lib/contracts/breakers.ts';
import { post } from '../support/gateway.ts';
import { type RunningServer, startServer } from '../support/server.ts';

let dataDir: string;
let server: RunningServer;
const start = (open_s: number) =>
  startServer({
    config: { upstreams: [{ name: 'lab', kind: 'lab', breaker: { open_s } }] },
    env: { SWITCHGEAR_DATA_DIR: dataDir },
  });

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'switchgear-data-'));
});
afterEach(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = async (method: string, path: string, body?: object) =>
  (
    await fetch(`${server.url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  ).json();
const breaker = async (name: string) => breakerSchema.parse(await ask('GET', `/api/breakers/${name}`));
const trigger = (name: string) => post(`${server.url}/api/test/circuit-breaker/trigger-failure/${name}`, {});

async function killAndStart(open_s: number): Promise<void> {
  await server.stop('SIGKILL');
  server = await start(open_s);
}

it('holds, settings and an open breaker with the rest of its time outlive a kill', async () => {
  server = await start(600);
  await ask('POST', '/api/breakers/lab.chat/trip', { reason: 'deploy', duration_s: 500 });
  await ask('POST', '/api/breakers/lab.chat/hold', { mode: 'closed', reason: 'let them through' });
  await ask('PATCH', '/api/breakers/lab.admin/settings', { failure_rate_percent: 33, window_kind: 'count' });
  await trigger('lab.embeddings');
  const before = await Promise.all(['lab.chat', 'lab.admin', 'lab.embeddings'].map(breaker));
  expect(before[2]?.state).toBe('open');
  await killAndStart(600);
  const [chat, admin, embeddings] = await Promise.all(
    ['lab.chat', 'lab.admin', 'lab.embeddings'].map(breaker),
  );
  expect(chat?.holds).toEqual(before[0]?.holds);
  expect(chat).toMatchObject({ state: 'closed', hold: { reason: 'let them through' } });
  expect(admin).toMatchObject({ overrides: { failure_rate_percent: 33, window_kind: 'count' } });
  expect(embeddings).toMatchObject({ state: 'open', opening: before[2]?.opening, since: before[2]?.since });
  const shiftMs = Date.parse(embeddings?.retry_at ?? '') - Date.parse(before[2]?.retry_at ?? '');
  expect(Math.abs(shiftMs)).toBeLessThan(50);
  const { transitions } = transitionListSchema.parse(
    await ask('GET', '/api/breakers/lab.embeddings/transitions'),
  );
  expect(transitions[0]).toEqual(before[2]?.last_transition);
  expect(await ask('DELETE', '/api/breakers/lab.chat/hold', {})).toMatchObject({
    state: 'open',
    hold: { reason: 'deploy', expires_at: before[0]?.holds[1]?.expires_at },
  });
});

it('an open time that is over when it comes up again is over: it probes', async () => {
  server = await start(0.1);
  await trigger('lab.chat');
  await killAndStart(0.1);
  expect(await breaker('lab.chat')).toMatchObject({ state: 'half_open', retry_at: null });
});
