/** Ollama loads a model before it answers, and says how long that took: that time is no slowness of the call. */
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';

/** What it says that a load took: more than any machine takes for the rest of the call. */
const LOAD_MS = 15_000;
/** What the answer really takes at least, so that without its load it is slow. */
const WAIT_MS = 60;
const SLOW_MS = 50;
const counts = { prompt_eval_count: 1, eval_count: 1, load_duration: LOAD_MS * 1_000_000 };
const done = { model: 'm', created_at: '2026-01-01T00:00:00Z', done: true, done_reason: 'stop', ...counts };

const script: Script = (request, res) => {
  setTimeout(() => {
    if (request.path === '/api/embed') json(res, { model: 'm', embeddings: [[1, 2]], ...counts });
    else if (request.json?.stream === true)
      res.end(
        `${JSON.stringify({ ...done, message: { role: 'assistant', content: 'x' }, response: 'x' })}\n`,
      );
    else json(res, { ...done, message: { role: 'assistant', content: 'x' }, response: 'x' });
  }, WAIT_MS);
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
afterEach(async () => {
  await gateway?.close();
  await upstream?.close();
});

async function slowOf(model_load_ms: number, path: string, body: object, operation: string): Promise<number> {
  upstream = await ScriptedUpstream.start(script);
  const breaker = { slow_call_ms: SLOW_MS, model_load_ms };
  gateway = await startGateway({ upstreams: [{ name: 'a', kind: 'ollama', url: upstream.url, breaker }] });
  const answer = await post(`${gateway.url}${path}`, { model: 'm', ...body });
  await answer.text();
  expect(answer.status).toBe(200);
  const { calls, slow } = gateway.runtime.breakers.require(`a.${operation}`).snapshot().window;
  expect(calls).toBe(1);
  return slow;
}

const messages = [{ role: 'user', content: 'hi' }];

describe.each([
  ['/api/chat', { messages, stream: false }, 'chat'],
  ['/api/chat', { messages, stream: true }, 'chat'],
  ['/v1/chat/completions', { messages }, 'chat'],
  ['/v1/chat/completions', { messages, stream: true }, 'chat'],
  ['/api/generate', { prompt: 'hi', stream: false }, 'completions'],
  ['/api/embed', { input: 'hi' }, 'embeddings'],
])('a model load during %s %j', (path, body, operation) => {
  it('within its budget does not make the call slow', async () => {
    expect(await slowOf(LOAD_MS, path, body, operation)).toBe(0);
  });

  it('beyond its budget does', async () => {
    expect(await slowOf(LOAD_MS - 1, path, body, operation)).toBe(1);
  });
});
