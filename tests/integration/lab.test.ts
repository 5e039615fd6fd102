/** The lab on its real socket, asked as its clients ask it. Times are scaled down; none is asserted. */
import { Worker } from 'node:worker_threads';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ActiveFault } from '#lib/lab/fault-plan.ts';
import { LabUpstream, startLabUpstream } from '#lib/lab/upstream.ts';
import { post } from '../support/gateway.ts';

const messages = [{ role: 'user', content: 'Why do queues need limits?' }];

let lab: LabUpstream;
let ollama: Ollama;
let openai: OpenAI;

beforeAll(async () => {
  lab = await startLabUpstream({ name: 'test', speed: 1_000 });
  ollama = new Ollama({ host: lab.url });
  openai = new OpenAI({ baseURL: `${lab.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(async () => {
  await lab.close();
  expect(await lab.exited).toBeNull();
});

describe('the Ollama API of the lab', () => {
  it('lists its models and says that they are of the lab', async () => {
    const { models } = await ollama.list();
    expect(models.map(({ name }) => name)).toContain('lab-chat:latest');
    expect(models.every(({ details }) => details.family === 'lab')).toBe(true);
    expect(await ollama.show({ model: 'lab-chat' })).toMatchObject({
      capabilities: ['completion', 'tools', 'thinking'],
      license: expect.stringContaining('no AI model'),
    });
    expect((await fetch(`${lab.url}/api/version`)).status).toBe(200);
  });

  it('answers a chat whole, with counts and durations', async () => {
    const answer = await ollama.chat({ model: 'lab-chat', messages });
    expect(answer.message.content).toMatch(/^\[lab] /);
    expect(answer).toMatchObject({ done: true, done_reason: 'stop', prompt_eval_count: 6 });
    expect(answer.eval_count).toBeGreaterThan(10);
    expect(answer.total_duration).toBeGreaterThanOrEqual(answer.eval_duration);
  });

  it('streams the same text that it gives whole', async () => {
    const whole = await ollama.generate({ model: 'lab-small', prompt: 'hello', options: { seed: 4 } });
    let text = '';
    const stream = await ollama.generate({
      model: 'lab-small',
      prompt: 'hello',
      options: { seed: 4 },
      stream: true,
    });
    for await (const part of stream) text += part.response;
    expect(text).toBe(whole.response);
  });

  it('respects limits and stop sequences', async () => {
    const short = await ollama.chat({ model: 'lab-chat', messages, options: { num_predict: 3 } });
    expect(short).toMatchObject({ done_reason: 'length', eval_count: 3 });
    const stopped = await ollama.chat({ model: 'lab-chat', messages, options: { stop: ['You wrote'] } });
    expect(stopped.message.content).not.toContain('You wrote');
  });

  it('shows a loaded model until it is unloaded', async () => {
    await ollama.generate({ model: 'lab-large', prompt: '', keep_alive: -1 });
    const running = (await ollama.ps()).models.find(({ name }) => name === 'lab-large:latest');
    expect(running?.size_vram).toBeGreaterThan(0);
    const unloaded = await ollama.generate({ model: 'lab-large', prompt: '', keep_alive: 0 });
    expect(unloaded.done_reason).toBe('unload');
    expect((await ollama.ps()).models.map(({ name }) => name)).not.toContain('lab-large:latest');
  });

  it('embeds, and refuses tokens and models that cannot', async () => {
    const { embeddings } = await ollama.embed({ model: 'lab-embed', input: ['a', 'b'], dimensions: 64 });
    expect(embeddings.map((vector) => vector.length)).toEqual([64, 64]);
    expect((await ollama.embeddings({ model: 'lab-embed', prompt: 'a' })).embedding).toHaveLength(256);
    for (const body of [
      { model: 'lab-embed', input: [1, 2] },
      { model: 'lab-chat', input: 'a' },
      { model: 'lab-embed', input: 'a', dimensions: 5_000 },
    ]) {
      expect((await post(`${lab.url}/api/embed`, body)).status).toBe(400);
    }
  });

  it('calls tools and fills schemas', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function', function: { name: 'get_weather', description: '', parameters } }];
    const question = [{ role: 'user', content: 'How is the weather in Lisbon now?' }];
    const called = await ollama.chat({ model: 'lab-chat', messages: question, tools });
    expect(called.message.tool_calls?.[0]?.function).toMatchObject({
      name: 'get_weather',
      arguments: { city: 'Lisbon' },
    });
    const filled = await ollama.chat({ model: 'lab-chat', messages, format: parameters });
    expect(JSON.parse(filled.message.content)).toEqual({ city: 'lab' });
  });

  it.each([
    ['/api/chat', { model: 'nope', messages }, 404, { error: "model 'nope' not found" }],
    ['/api/chat', '{"model":', 400, { error: expect.stringContaining('JSON') }],
    ['/api/chat', { messages }, 400, { error: 'model is required' }],
    [
      '/api/chat',
      { model: 'lab-embed', messages },
      400,
      { error: expect.stringContaining('does not support') },
    ],
    ['/api/chat', { model: 'lab-chat', messages, keep_alive: 'soon' }, 400, { error: expect.any(String) }],
    ['/v1/chat/completions', { model: 'nope', messages }, 404, { error: { code: 'model_not_found' } }],
    ['/api/nope', {}, 404, { error: expect.any(String) }],
    ['/api/tags', {}, 405, { error: expect.any(String) }],
  ])('answers POST %s %j with %i', async (path, body, status, answer) => {
    const response = await post(lab.url + path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(answer);
  });
});

describe('the OpenAI API of the lab', () => {
  const asked = { model: 'lab-chat', messages: [{ role: 'user' as const, content: 'hello' }] };

  it('lists models as owned by the lab', async () => {
    expect((await openai.models.retrieve('lab-chat')).owned_by).toBe('lab');
    expect((await openai.models.list()).data).toHaveLength(5);
  });

  it('answers a chat whole and streamed, with usage', async () => {
    const whole = await openai.chat.completions.create(asked);
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop' });
    const stream = await openai.chat.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let total = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      total = chunk.usage?.total_tokens ?? total;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(total).toBe(whole.usage?.total_tokens);
  });

  it('completes a prompt', async () => {
    const { choices } = await openai.completions.create({
      model: 'lab-small',
      prompt: 'hello',
      max_tokens: 2,
    });
    expect(choices[0]).toMatchObject({ finish_reason: 'length' });
  });

  it('embeds the same in base64 as in numbers', async () => {
    const ask = { model: 'lab-embed', input: 'hello', dimensions: 32 };
    const decoded = await openai.embeddings.create(ask);
    const plain = await openai.embeddings.create({ ...ask, encoding_format: 'float' });
    expect(decoded.data[0]?.embedding).toHaveLength(32);
    expect(decoded.data[0]?.embedding[0]).toBeCloseTo(plain.data[0]?.embedding[0] ?? Number.NaN, 6);
  });
});

describe('faults of the lab', () => {
  let struck = 0;
  let injected = 0;

  function inject(fields: Partial<ActiveFault>): void {
    injected += 1;
    struck = 0;
    const fault = {
      id: `f${injected}`,
      kind: 'error' as const,
      rate: 1,
      status: 500,
      latencyMs: 0,
      ...fields,
    };
    lab.applyFault({ ...fault, endsAtMs: Date.now() + 60_000 }, (newStrikes) => {
      struck += newStrikes;
    });
  }

  const chat = (stream: boolean, signal?: AbortSignal) =>
    post(`${lab.url}/api/chat`, { model: 'lab-chat', messages, stream }, {}, signal);

  const heal = () => lab.removeFault(`f${injected}`);

  afterEach(heal);

  it('answers errors with their status, and counts them', async () => {
    inject({ kind: 'error', status: 502 });
    await expect.poll(async () => (await chat(false)).status).toBe(502);
    await expect.poll(() => struck).toBeGreaterThan(0);
    expect((await fetch(`${lab.url}/api/tags`)).status).toBe(200);
    heal();
    await expect.poll(async () => (await chat(false)).status).toBe(200);
  });

  it('limits rates with a Retry-After', async () => {
    inject({ kind: 'rate_limit' });
    await expect.poll(async () => (await chat(false)).status).toBe(429);
    expect((await chat(false)).headers.get('retry-after')).toBe('1');
  });

  it.each([true, false])('cuts an answer on its way (streamed: %s)', async (stream) => {
    inject({ kind: 'cut' });
    await expect
      .poll(() =>
        chat(stream)
          .then((response) => response.text())
          .catch(() => 'cut'),
      )
      .toBe('cut');
    const response = await chat(stream);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('lets a call hang until its client leaves', async () => {
    inject({ kind: 'hang' });
    const leaving = new AbortController();
    const call = chat(false, leaving.signal).then(
      () => 'answered',
      () => 'left',
    );
    await expect.poll(() => struck).toBe(1);
    leaving.abort();
    expect(await call).toBe('left');
  });

  it('delays an answer and then gives it', async () => {
    inject({ kind: 'latency', latencyMs: 20 });
    expect((await chat(false)).status).toBe(200);
    await expect.poll(() => struck).toBe(1);
  });
});

describe('a busy lab', () => {
  it('refuses what neither runs nor fits the queue, and frees the place of a client that leaves', async () => {
    // So slow that no call ends within the test: of three calls one runs, one waits and one is refused.
    const busy = await startLabUpstream({ name: 'busy', speed: 0.01, slots: 1, queue: 1 });
    const round = async () => {
      const leaving = new AbortController();
      const calls = [1, 2, 3].map(() =>
        post(`${busy.url}/api/chat`, { model: 'lab-small', messages }, {}, leaving.signal).then(
          (response) => response.status,
          () => 'left',
        ),
      );
      await Promise.race(calls);
      leaving.abort();
      return (await Promise.all(calls)).map(String).sort();
    };
    try {
      expect(await round()).toEqual(['503', 'left', 'left']);
      await expect.poll(round).toEqual(['503', 'left', 'left']);
    } finally {
      await busy.close();
    }
  });
});

describe('the end of a lab', () => {
  it('is an error when nobody closed it, and none of the process', async () => {
    const worker = new Worker("throw new Error('broken')", { eval: true });
    const crashed = new LabUpstream(worker, 'http://127.0.0.1:1');
    expect(await crashed.exited).toMatchObject({ message: 'broken' });
    crashed.removeFault('f');
    await crashed.close();
  });
});
