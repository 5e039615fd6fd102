/** What an upstream is taken for, what management may do, and what the HTTP server refuses before anyone is asked. */
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { discoverUpstream } from '#lib/upstream/discovery.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript } from '../support/scripts.ts';
import { freePort } from '../support/server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function upstream(script: Script): Promise<ScriptedUpstream> {
  const started = await ScriptedUpstream.start(script);
  open.push(started);
  return started;
}

async function gateway(config: Record<string, unknown>): Promise<TestGateway> {
  const started = await startGateway(config);
  open.push(started);
  return started;
}

describe('discovery', () => {
  it('serves from an Ollama that answers', async () => {
    const { url } = await upstream(ollamaScript);
    const found = await discoverUpstream(url);
    expect(found.upstream).toMatchObject({ name: 'ollama', kind: 'ollama', url });
    expect(found.notice).toContain(url);
  });

  it('serves from the lab, and says that it is none, where nobody or something else answers', async () => {
    const other = await upstream((_request, res) => json(res, { hello: 'world' }));
    for (const url of [other.url, `http://127.0.0.1:${await freePort()}`]) {
      const found = await discoverUpstream(url);
      expect(found.upstream).toMatchObject({ kind: 'lab' });
      expect(found.notice).toContain('no AI model');
    }
  });
});

describe('model management', () => {
  const managed = async (script: Script) => {
    const u = await upstream(script);
    const g = await gateway({
      upstreams: [{ name: 'a', kind: 'ollama', url: u.url }],
      allow_model_management: true,
    });
    return { u, g };
  };

  it('is refused unless allowed', async () => {
    const u = await upstream(ollamaScript);
    const g = await gateway({ upstreams: [{ name: 'a', kind: 'ollama', url: u.url }] });
    const answer = await post(`${g.url}/api/pull`, { model: 'm' });
    expect([answer.status, u.seen.length]).toEqual([403, 0]);
  });

  it('streams the progress of a pull', async () => {
    const { g } = await managed((_request, res) => {
      res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      res.write('{"status":"pulling manifest"}\n');
      res.end('{"status":"success"}\n');
    });
    const answer = await post(`${g.url}/api/pull`, { model: 'm' });
    expect(await answer.text()).toBe('{"status":"pulling manifest"}\n{"status":"success"}\n');
    expect(answer.headers.get('x-switchgear-upstream')).toBe('a');
    await expect.poll(() => g.runtime.upstreams()[0]?.in_flight).toBe(0);
  });

  it('hands on a delete with its body, and a large blob whole', async () => {
    const { u, g } = await managed((_request, res) => {
      res.writeHead(200).end();
    });
    const gone = await fetch(`${g.url}/api/delete`, {
      method: 'DELETE',
      body: JSON.stringify({ model: 'm' }),
    });
    expect([gone.status, u.seen[0]?.method, u.seen[0]?.json]).toEqual([200, 'DELETE', { model: 'm' }]);
    const blob = 'x'.repeat(12 * 1024 * 1024);
    expect((await post(`${g.url}/api/blobs/sha256:0`, blob)).status).toBe(200);
    expect(u.seen[1]?.text.length).toBe(blob.length);
  });
});

describe('the server', () => {
  it('answers 431 to headers without measure, and 400 to what is no HTTP, in JSON', async () => {
    const g = await gateway({ upstreams: [] });
    const port = Number(new URL(g.url).port);
    const large = await sendRaw(
      port,
      `GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nx-pad: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(large).toMatch(/^HTTP\/1\.1 431 .*"code":"headers_too_large"/s);
    const garbage = await sendRaw(port, 'not http at all\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 .*"code":"bad_request"/s);
  });
});

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
