/** Upstreams that are changed, replaced and removed under calls of every stage: none is lost. */
import { afterEach, describe, expect, it } from 'vitest';
import { configSchema } from '#lib/contracts/config.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function upstream(script: Script): Promise<ScriptedUpstream> {
  const started = await ScriptedUpstream.start(script);
  open.push(started);
  return started;
}

type Upstreams = Record<string, unknown>[];

async function gateway(upstreams: Upstreams): Promise<TestGateway> {
  const started = await startGateway({ upstreams });
  open.push(started);
  return started;
}

const reload = (g: TestGateway, upstreams: Upstreams) => g.runtime.reload(configSchema.parse({ upstreams }));
const view = (g: TestGateway, name: string) => g.runtime.upstreams().find((each) => each.name === name);
const chat = (g: TestGateway, model: string, more: object = {}) =>
  post(`${g.url}/v1/chat/completions`, { model, messages: [{ role: 'user', content: 'x' }], ...more });

const EVENTS = 20;
const chunk = (content: string) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const line = (content: string, rest: object = { done: false }) =>
  `${JSON.stringify({ model: 'm', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content }, ...rest })}\n`;
const DONE = {
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 1,
  eval_count: 1,
  load_duration: 60_000_000,
};

/** Streams events one turn after another, in the protocol that is asked for. */
const streaming: Script = ({ path }, res) => {
  const isOllama = path === '/api/chat';
  res.writeHead(200, { 'content-type': isOllama ? 'application/x-ndjson' : 'text/event-stream' });
  let sent = 0;
  const next = () => {
    if (res.destroyed) return;
    if (sent === EVENTS) {
      res.end(isOllama ? line('', DONE) : 'data: [DONE]\n\n');
      return;
    }
    res.write(isOllama ? line(`<${sent}>`) : chunk(`<${sent}>`));
    sent += 1;
    setTimeout(next, 1);
  };
  next();
};

/** Holds every call until it is told to go on. */
function holding() {
  const held: (() => void)[] = [];
  const script: Script = ({ path }, res) => {
    held.push(() =>
      path === '/api/chat' ? res.end(line('ollama', DONE)) : json(res, { choices: [choice('openai')] }),
    );
  };
  const finish = () => {
    for (const each of held.splice(0)) each();
  };
  return { held, script, finish };
}
const choice = (content: string) => ({
  index: 0,
  message: { role: 'assistant', content },
  finish_reason: 'stop',
});
const WHOLE = Array.from({ length: EVENTS }, (_, at) => `<${at}>`).join('');

/** What a client got of a stream, put together. */
async function textOf(answer: Response): Promise<string> {
  const text = await answer.text();
  const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content).join('');
  return answer.status === 200 && text.includes('[DONE]') && !text.includes('"error"')
    ? said
    : `${answer.status} ${text.slice(-300)}`;
}

describe('an upstream that is replaced', () => {
  it('several times at once loses none of a hundred calls, most of which wait for a larger pool', async () => {
    const { held, script, finish } = holding();
    const u = await upstream(script);
    const config = (connections: number) => [{ name: 'a', kind: 'openai', url: u.url, connections }];
    const g = await gateway(config(16));
    const answers = Array.from({ length: 100 }, () => chat(g, 'm'));
    await until(() => held.length === 16 && view(g, 'a')?.queued === 84);
    await Promise.all([24, 40, 70, 100].map((connections) => reload(g, config(connections))));
    await until(() => held.length === 100);
    finish();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(u.seen).toHaveLength(100);
    expect(g.runtime.breakers.require('a.chat').snapshot().window).toMatchObject({ calls: 100, failures: 0 });
  });

  it.each(['openai', 'ollama'])('again and again loses no byte of any stream, kind %s', async (kind) => {
    const [one, other] = [await upstream(streaming), await upstream(streaming)];
    let turn = 0;
    const config = (): Upstreams => {
      turn += 1;
      return [
        {
          name: 'a',
          kind,
          url: (turn % 3 === 0 ? other : one).url,
          connections: [8, 2, 24, 5, 1][turn % 5],
          models: turn % 4 === 0 ? ['m*'] : ['*'],
          timeout: { idle_ms: 30_000 + turn },
        },
      ];
    };
    const g = await gateway(config());
    let isOver = false;
    const streams = Promise.all(
      Array.from({ length: 240 }, async (_, at) => {
        const more = { stream: true, ...(at % 3 === 0 ? { temperature: 0, seed: at } : {}) };
        return textOf(await chat(g, `m${at % 3}`, more));
      }),
    ).finally(() => {
      isOver = true;
    });
    while (!isOver && turn < 400) {
      await reload(g, config());
      if (turn % 7 === 0) await reload(g, config());
      await new Promise((resolve) => setImmediate(resolve));
    }
    const texts = await streams;
    expect(new Set(texts)).toEqual(new Set([WHOLE]));
    expect(turn).toBeGreaterThan(5);
    expect(one.seen.length + other.seen.length).toBe(240);
    expect(g.runtime.breakers.require('a.chat').snapshot().window.failures).toBe(0);
    await until(() => view(g, 'a')?.in_flight === 0);
  });

  it('by one of another kind is asked in its own way, and by one with another key with that', async () => {
    const { held, script, finish } = holding();
    const [old, fresh] = [await upstream(script), await upstream(script)];
    const g = await gateway([
      { name: 'a', kind: 'openai', url: old.url, connections: 1, api_key: 'old-key' },
    ]);
    const first = chat(g, 'm');
    await until(() => held.length === 1);
    const second = chat(g, 'm');
    await until(() => view(g, 'a')?.queued === 1);
    await reload(g, [{ name: 'a', kind: 'ollama', url: fresh.url, connections: 1, api_key: 'new-key' }]);
    finish();
    expect(await (await first).text()).toContain('openai');
    await until(() => held.length === 1);
    finish();
    expect(await (await second).text()).toContain('ollama');
    expect(fresh.seen.map(({ headers, path }) => [path, headers.authorization])).toEqual([
      ['/api/chat', 'Bearer new-key'],
    ]);
    expect(old.seen).toHaveLength(1);
  });

  it('with fewer connections lets those that run end', async () => {
    const { held, script, finish } = holding();
    const u = await upstream(script);
    const config = (connections: number) => [{ name: 'a', kind: 'openai', url: u.url, connections }];
    const g = await gateway(config(8));
    const answers = Array.from({ length: 12 }, () => chat(g, 'm'));
    await until(() => held.length === 8 && view(g, 'a')?.queued === 4);
    await reload(g, config(2));
    finish();
    await until(() => held.length === 2);
    expect(view(g, 'a')).toMatchObject({ in_flight: 2, queued: 2 });
    finish();
    await until(() => held.length === 2);
    finish();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(12).fill(200));
  });

  it('answers questions that waited for a slot', async () => {
    const { held, script, finish } = holding();
    const u = await upstream((request, res, req) =>
      request.path === '/models' ? json(res, { data: [{ id: 'm' }] }) : script(request, res, req),
    );
    const config = (connections: number) => [{ name: 'a', kind: 'openai', url: u.url, connections }];
    const g = await gateway(config(1));
    const first = chat(g, 'm');
    await until(() => held.length === 1);
    const lists = Array.from({ length: 5 }, () => fetch(`${g.url}/v1/models`));
    await until(() => (view(g, 'a')?.queued ?? 0) > 0);
    await reload(g, config(3));
    for (const list of await Promise.all(lists)) expect(await list.text()).toContain('"m"');
    finish();
    expect((await first).status).toBe(200);
  });
});

describe('an upstream that is removed', () => {
  const start = async (rest: Upstreams) => {
    const { held, script, finish } = holding();
    const u = await upstream(script);
    const a = { name: 'a', kind: 'openai', url: u.url, connections: 1 };
    const g = await gateway([a, ...rest]);
    const first = chat(g, 'm');
    await until(() => held.length === 1);
    const second = chat(g, 'm');
    await until(() => view(g, 'a')?.queued === 1);
    return { g, u, a, held, first, second, finish };
  };

  it('lets what runs end, and sends those that wait to another', async () => {
    const other = await upstream((_request, res) => json(res, { choices: [choice('other')] }));
    const b = { name: 'b', kind: 'openai', url: other.url };
    const { g, first, second, finish } = await start([b]);
    await reload(g, [b]);
    expect(await (await second).text()).toContain('other');
    finish();
    expect(await (await first).text()).toContain('openai');
  });

  it('sends them also to one that was not there when they came', async () => {
    const { g, a, held, first, second, finish } = await start([]);
    await reload(g, [{ ...a, name: 'renamed' }]);
    await until(() => held.length === 2);
    finish();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect((await second).headers.get('x-switchgear-upstream')).toBe('renamed');
  });

  it('says so with 503 to those that wait when nobody else serves the model', async () => {
    const { g, first, second, finish } = await start([]);
    await reload(g, [{ name: 'b', kind: 'openai', url: 'http://127.0.0.1:9', models: ['else'] }]);
    const refused = await second;
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { code: 'shutting_down', message: expect.stringContaining('Upstream a was removed') } },
    ]);
    finish();
    expect((await first).status).toBe(200);
  });

  it('lets go of those that wait for their model', async () => {
    const { held, script, finish } = holding();
    const u = await upstream(script);
    const other = await upstream((_request, res) => void res.end(line('other', DONE)));
    const a = { name: 'a', kind: 'ollama', url: u.url };
    const b = { name: 'b', kind: 'ollama', url: other.url };
    const g = await gateway([a, b]);
    // Each says that it was loaded, so models push each other out and are released in groups.
    for (const model of ['m1', 'm2', 'm1', 'm2']) {
      const answer = chat(g, model);
      await until(() => held.length === 1);
      finish();
      await (await answer).text();
    }
    const running = chat(g, 'm1');
    await until(() => held.length === 1);
    const waiting = chat(g, 'm2');
    await until(() => g.runtime.batching().upstreams[0]?.release_groups?.pending === 1);
    await reload(g, [b]);
    expect(await (await waiting).text()).toContain('other');
    finish();
    expect((await running).status).toBe(200);
  });

  it('goes on to the end of its streams when it is a lab', async () => {
    const g = await gateway([{ name: 'lab', kind: 'lab' }]);
    const answer = await chat(g, 'lab-small', { stream: true, max_tokens: 200 });
    const u = await upstream(streaming);
    await reload(g, [{ name: 'a', kind: 'openai', url: u.url }]);
    const text = await answer.text();
    expect(text).toContain('[DONE]');
    expect(text).not.toContain('"error"');
  });
});
