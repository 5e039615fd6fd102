/** A fault of the server itself, in production: it is told, and callers stay served. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { post } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { openaiScript } from '../support/scripts.ts';
import { failServer, type RunningServer, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const FAULTY = { NODE_OPTIONS: `--import ${join(import.meta.dirname, '..', 'support', 'faulty.ts')}` };
const CHAT = { model: 'm', messages: [{ role: 'user', content: 'say it' }] };

let upstream: ScriptedUpstream;
let server: RunningServer;
let release = () => {};

beforeAll(async () => {
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  upstream = await ScriptedUpstream.start(async (request, res, req) => {
    if (request.json?.model === 'slow') {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n');
      await held;
      res.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
    } else await openaiScript(request, res, req);
  });
  server = await startServer({
    config: { upstreams: [{ name: 'up', kind: 'openai', url: `${upstream.url}/v1` }] },
    env: FAULTY,
    mayFault: true,
  });
});
afterAll(async () => {
  await server.stop('SIGKILL');
  await upstream.close();
});

const eventsOf = async () => {
  const answer = await fetch(`${server.url}/api/events?type=internal_fault`);
  return ((await answer.json()) as { events: { detail: { source: string } }[] }).events;
};
const metric = async (source: string) => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return new RegExp(`switchgear_internal_faults_total\\{source="${source}"\\} (\\d+)`).exec(text)?.[1];
};
const ask = async () => (await post(`${server.url}/v1/chat/completions`, CHAT)).status;

it('a rejection that nobody handles is an event, an error in the log and a count, and all go on', async () => {
  expect(await metric('rejection')).toBe('0');
  for (const count of ['1', '2']) {
    process.kill(server.pid, 'SIGUSR2');
    await until(async () => (await metric('rejection')) === count);
  }
  expect(await eventsOf()).toMatchObject([
    {
      detail: {
        source: 'rejection',
        error: 'TypeError',
        place: expect.stringMatching(/^faulty\.ts:\d+$/),
        untold: 0,
      },
    },
  ]);
  expect(JSON.stringify(await eventsOf())).not.toContain('a-word-of-a-client');
  expect(server.output()).toMatch(/"level":"error".*"source":"rejection".*"msg":"internal fault"/);
  expect(await ask()).toBe(200);
});

it('an exception that nobody catches is told; running streams end in order, then it exits 1', async () => {
  const stream = await post(`${server.url}/v1/chat/completions`, { ...CHAT, model: 'slow', stream: true });
  process.kill(server.pid, 'SIGHUP');
  await until(() => server.output().includes('"draining"'));
  release();
  expect(await stream.text()).toContain('data: [DONE]');
  expect(await server.exited).toBe(1);
  expect(server.output()).toMatch(/"level":"error".*"source":"exception".*"msg":"internal fault"/);
});

it('an exception before it is ready is told, and it exits 1', async () => {
  const throwsEarly = encodeURIComponent(
    'process.on("newListener",(name)=>name==="uncaughtException"&&setImmediate(()=>{throw new Error("early")}))',
  );
  const env = { NODE_OPTIONS: `--import data:text/javascript,${throwsEarly}` };
  const { code, output } = await failServer({ env, mayFault: true });
  expect([code, output]).toEqual([1, expect.stringContaining('could not start: Error: early')]);
});
