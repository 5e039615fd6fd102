/** What the real OpenAI SDK makes of an open breaker: one refusal at once, and no retries that hold the caller. */
import OpenAI from 'openai';
import { afterEach, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { openaiScript } from '../support/scripts.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
afterEach(async () => {
  await gateway?.close();
  await upstream?.close();
});

it('the openai SDK is told at once, once, and when to come back', async () => {
  upstream = await ScriptedUpstream.start(openaiScript);
  gateway = await startGateway({ upstreams: [{ name: 'a', kind: 'openai', url: `${upstream.url}/v1` }] });
  const breaker = gateway.runtime.breakers.require('a.chat');
  breaker.trip({ by: 'ann', durationS: 30 });
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'x' });
  const ask = () =>
    client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'say it' }] });
  const refused = await ask().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(refused).toBeInstanceOf(OpenAI.APIError);
  expect(refused).toMatchObject({ status: 503, code: 'circuit_open' });
  const waitMs = Number((refused as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after-ms'));
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(30_000);
  expect(breaker.snapshot().window.rejected).toBe(1);
  expect(upstream.seen).toEqual([]);
  breaker.reset({ by: 'ann' });
  expect((await ask()).choices).toHaveLength(1);
});
