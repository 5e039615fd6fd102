/** The production build answers as its own document says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ENDPOINTS, type Endpoint } from '#lib/contracts/endpoints.ts';
import { ANSWERS, type AnswerName } from '#lib/contracts/named.ts';
import { follow } from '../support/event-client.ts';
import { post } from '../support/gateway.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const CHAT = { model: 'lab-chat', messages: [{ role: 'user', content: 'Say one word.' }] };
/** What stands for the parameters of a path, and the bodies of those calls that need one. */
const PARAMETERS: Record<string, string> = { name: 'lab.chat', component: 'test', id: 'known-request' };
const BODIES: Record<string, object> = {
  tripBreaker: { reason: 'checked', duration_s: 60 },
  holdBreaker: { mode: 'metrics_only' },
  changeSettings: { window_s: 20 },
  injectFault: { upstream: 'lab', kind: 'latency', latency_ms: 1, duration_s: 60 },
  startDrill: { component: 'lab.completions', duration_s: 60 },
  changeBatching: { kind: 'embedding', max_wait_ms: 20 },
  changeCacheSettings: { memory_mb: 50 },
  purgeCache: { all: true },
  changeAllocation: { mode: 'advise' },
  importHistory: { csv: 'timestamp,requests\n0,5\n300,7\n600,6\n', align: 'recent' },
  replayAllocation: { series: '*', quantile: 0.95 },
  runCommand: { text: 'trip lab chat for 2 minutes', dry_run: true },
  startLoadTest: { round_s: 1 },
  startWorkload: { rate_per_s: 1, duration_s: 60 },
  startTour: { auto: false },
  changeTour: { auto: false },
};
/** Needs an admin token, which this server has none of; a breaker that is open; or the id of what was made before. */
const ELSEWHERE = ['openSession', 'probeNow', 'removeFault', 'showDrill', 'stopDrill'];

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({
    config: { upstreams: ['lab', 'lab-standby'].map((name) => ({ name, kind: 'lab' })) },
  });
  await post(`${server.url}/v1/chat/completions`, CHAT, { 'x-request-id': 'known-request' });
});
afterAll(async () => {
  await server.stop();
});

const parse = (name: AnswerName, given: unknown) => (ANSWERS[name] as z.ZodType).safeParse(given);

function call({ id, method, path }: Endpoint): Promise<Response> {
  const target = path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? '');
  const body = BODIES[id];
  return fetch(`${server.url}${target}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

describe('every endpoint', () => {
  for (const endpoint of ENDPOINTS.filter(({ id }) => !ELSEWHERE.includes(id))) {
    const [status, answer] = Object.entries(endpoint.answers)[0] ?? [];
    if (answer === undefined || 'events' in answer) continue;
    it(`${endpoint.method} ${endpoint.path} answers as documented`, async () => {
      const response = await call(endpoint);
      expect(response.status, await response.clone().text()).toBe(Number(status));
      if ('json' in answer) expect(parse(answer.json, await response.json()).error).toBe(undefined);
      else expect(response.headers.get('content-type')).toContain(answer.text);
    });
  }

  it('that takes an id removes what was made', async () => {
    const fault = await (
      await post(`${server.url}/api/lab/faults`, {
        upstream: 'lab',
        kind: 'error',
        rate: 0,
        duration_s: 60,
      })
    ).json();
    const { id } = ANSWERS.Fault.parse(fault);
    const removed = await fetch(`${server.url}/api/lab/faults/${id}`, { method: 'DELETE' });
    expect(ANSWERS.Fault.parse(await removed.json()).id).toBe(id);
  });

  it('of a drill that runs shows it, and stops it', async () => {
    const started = await post(`${server.url}/api/lab/drills`, {
      component: 'lab.embeddings',
      duration_s: 60,
    });
    const { id } = ANSWERS.Drill.parse(await started.json());
    const shown = await fetch(`${server.url}/api/lab/drills/${id}`);
    expect(ANSWERS.Drill.parse(await shown.json())).toMatchObject({ id, status: 'running' });
    const stopped = await fetch(`${server.url}/api/lab/drills/${id}`, { method: 'DELETE' });
    expect(ANSWERS.Drill.parse(await stopped.json())).toMatchObject({ id, end_cause: 'stopped' });
    const csv = await (await fetch(`${server.url}/api/lab/drills?format=csv`)).text();
    expect(csv).toContain(`${id},lab.embeddings,error,`);
  });

  it('that needs an open breaker answers as documented before one', async () => {
    await post(`${server.url}/api/test/circuit-breaker/trigger-failure/test`, {});
    const probing = await post(`${server.url}/api/breakers/test/probe`, {});
    expect(ANSWERS.Breaker.parse(await probing.json()).state).toBe('half_open');
  });

  it('that streams sends what is documented', async () => {
    const snapshots = await follow(`${server.url}/api/stream`);
    await expect.poll(() => snapshots.events.length).toBeGreaterThan(0);
    expect(parse('Snapshot', JSON.parse(snapshots.events[0]?.data ?? '')).error).toBe(undefined);
    snapshots.close();
    const events = await follow(`${server.url}/api/events/stream?after=0`);
    await expect.poll(() => events.events.length).toBeGreaterThan(0);
    for (const { data } of events.events) expect(parse('Event', JSON.parse(data)).error).toBe(undefined);
    events.close();
  });
});

describe('errors', () => {
  it.each([
    ['GET', '/api/breakers/nope', '', 404],
    ['GET', '/api/requests/nope', '', 404],
    ['GET', '/api/history?series=nope', '', 400],
    ['GET', '/api/events?limit=0', '', 400],
    ['GET', '/api/requests?how=badly', '', 400],
    ['POST', '/api/breakers/lab.chat/trip', '{"reason":', 400],
    ['POST', '/api/breakers/lab.chat/trip', '{"reasons":"x"}', 400],
    ['PATCH', '/api/breakers/lab.chat/settings', '{"failure_rate_percent":0}', 400],
    ['PATCH', '/api/breakers/lab.chat/settings', '{"slow_rate_percent":101}', 400],
    ['POST', '/api/breakers/lab.chat/what-if', '{"open_s":0}', 400],
    ['POST', '/api/breakers/lab.chat/hold', '{"mode":"half_open"}', 400],
    ['POST', '/api/breakers/lab.admin/probe', '', 409],
    ['DELETE', '/api/breakers/lab.admin/hold', '{"id":"nope"}', 404],
    ['POST', '/api/lab/faults', '{}', 400],
    ['POST', '/api/lab/drills', '{}', 400],
    ['POST', '/api/lab/drills', '{"component":"nope.chat","duration_s":5}', 404],
    ['POST', '/api/lab/drills', '{"component":"test","duration_s":5}', 422],
    ['GET', '/api/lab/drills/nope', '', 404],
    ['POST', '/api/events', '', 405],
    ['POST', '/api/session', '{"token":"x"}', 409],
    ['GET', '/api/nope', '', 404],
  ])('%s %s %s answers the envelope with status %d', async (method, path, body, status) => {
    const response = await fetch(`${server.url}${path}`, { method, ...(body === '' ? {} : { body }) });
    expect(response.status).toBe(status);
    expect(parse('Error', await response.json()).error).toBe(undefined);
  });

  it('of the data plane have the form of their surface', async () => {
    const openai = await post(`${server.url}/v1/chat/completions`, { model: 'lab-chat' });
    expect(parse('OpenAIError', await openai.json()).error).toBe(undefined);
    const ollama = await post(`${server.url}/api/chat`, { messages: [] });
    expect(parse('OllamaError', await ollama.json()).error).toBe(undefined);
  });
});
