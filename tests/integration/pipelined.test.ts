/** Requests that are sent one behind another on one connection, by a client that leaves. */
import net from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const CONTENT = 'x'.repeat(1_000_000);
const answerTo = (content: string) => ({
  id: 'up',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
});

let upstream: ScriptedUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await ScriptedUpstream.start(({ json: body }, res) => {
    if (String(body?.model).startsWith('slow')) return;
    json(res, answerTo(CONTENT));
  });
  gateway = await startGateway({ upstreams: [{ name: 'a', kind: 'openai', url: `${upstream.url}/v1` }] });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const request = (model: string) => {
  const body = JSON.stringify({ model, temperature: 0, messages: [{ role: 'user', content: 'x' }] });
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

it('are all over when the client has left, those too that waited for their turn', async () => {
  const socket = net.connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.write(request('slow') + request('quick') + request('slow-too'));
  await until(() => upstream.seen.length === 3);
  const held = async () =>
    /^switchgear_held_bytes (\d+)$/m.exec(await gateway.runtime.prometheus.text())?.[1];
  await until(async () => Number(await held()) >= CONTENT.length);
  expect(gateway.runtime.gateway.running).toBe(3);
  socket.destroy();
  await until(() => gateway.runtime.gateway.running === 0);
  await upstream.whenCancelled(2);
  expect(gateway.runtime.upstreams()[0]?.in_flight).toBe(0);
  expect(await held()).toBe('0');
});
