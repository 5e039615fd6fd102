import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/protocols/types.ts';
import { exchangeOf, sentBy, streamed } from './fixtures.ts';

const messages = [{ role: 'user', content: 'hi' }];

describe("Ollama's chat over OpenAI: the request", () => {
  it('maps options that have a counterpart and leaves those of the runner behind', () => {
    const options = { temperature: 0.1, num_predict: 5, num_ctx: 4096, mirostat: 1, stop: ['x'] };
    expect(sentBy('ollama.chat', 'openai', { messages, options, keep_alive: '5m', stream: false })).toEqual({
      model: 'm',
      messages,
      temperature: 0.1,
      max_tokens: 5,
      stop: ['x'],
      stream: false,
    });
  });

  it('streams unless told not to, and asks for the counts', () => {
    expect(sentBy('ollama.chat', 'openai', { messages })).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('has no limit for -1', () => {
    expect(sentBy('ollama.chat', 'openai', { messages, options: { num_predict: -1 } })).not.toHaveProperty(
      'max_tokens',
    );
  });

  it('maps format', () => {
    expect(sentBy('ollama.chat', 'openai', { messages, format: 'json' }).response_format).toEqual({
      type: 'json_object',
    });
    const schema = { type: 'object' };
    expect(sentBy('ollama.chat', 'openai', { messages, format: schema }).response_format).toMatchObject({
      json_schema: { schema },
    });
  });

  it('sends images as data URIs of their own type', () => {
    const sent = sentBy('ollama.chat', 'openai', {
      messages: [{ role: 'user', content: 'x', images: ['/9j/a', 'iVBORb'] }],
    });
    expect(sent.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/a' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORb' } },
        ],
      },
    ]);
  });

  it('gives each tool result the id of its call, also when a tool is called twice', () => {
    const call = { function: { name: 'f', arguments: { x: 1 } } };
    const sent = sentBy('ollama.chat', 'openai', {
      messages: [
        { role: 'assistant', content: '', tool_calls: [call, call] },
        { role: 'tool', tool_name: 'f', content: 'one' },
        { role: 'tool', tool_name: 'f', content: 'two' },
      ],
    });
    const sentMessages = sent.messages as JsonObject[];
    const ids = ((sentMessages[0]?.tool_calls ?? []) as { id: string }[]).map((each) => each.id);
    expect(new Set(ids).size).toBe(2);
    expect(sentMessages.slice(1).map((each) => each.tool_call_id)).toEqual(ids);
    expect(sentMessages[0]).toMatchObject({ tool_calls: [{ function: { arguments: '{"x":1}' } }, {}] });
  });
});

describe("Ollama's chat over OpenAI: the answer", () => {
  const chunk = (delta: JsonObject, finish_reason: string | null = null): JsonObject => ({
    choices: [{ index: 0, delta, finish_reason }],
  });
  const usage = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };

  it('ends with done, counts and measured durations', () => {
    const exchange = exchangeOf('ollama.chat', 'openai', { messages });
    const lines = streamed(exchange, [
      chunk({ reasoning_content: 'hm' }),
      chunk({ content: 'a' }),
      chunk({}, 'length'),
      usage,
      '[DONE]',
    ]);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({ message: { content: '', thinking: 'hm' }, done: false });
    expect(lines[2]).toMatchObject({
      done: true,
      done_reason: 'length',
      prompt_eval_count: 3,
      eval_count: 4,
    });
    const end = lines[2] as { total_duration: number; prompt_eval_duration: number; eval_duration: number };
    expect(end.prompt_eval_duration + end.eval_duration).toBe(end.total_duration);
    expect(end.prompt_eval_duration).toBeGreaterThan(0);
  });

  it('puts tool calls together whose arguments come in pieces', () => {
    const part = (index: number, fields: JsonObject) => chunk({ tool_calls: [{ index, ...fields }] });
    const lines = streamed(exchangeOf('ollama.chat', 'openai', { messages }), [
      part(0, { id: 'c0', function: { name: 'f', arguments: '{"x"' } }),
      part(1, { id: 'c1', function: { name: 'g', arguments: '' } }),
      part(0, { function: { arguments: ':1}' } }),
      chunk({}, 'tool_calls'),
      '[DONE]',
    ]);
    expect(lines[0]).toMatchObject({
      message: {
        tool_calls: [
          { function: { name: 'f', arguments: { x: 1 } } },
          { function: { name: 'g', arguments: {} } },
        ],
      },
    });
    expect(lines).toHaveLength(2);
  });

  it('is complete without [DONE] once the answer has its reason, and cut before', () => {
    const exchange = exchangeOf('ollama.chat', 'openai', { messages });
    expect(streamed(exchange, [chunk({ content: 'a' }, 'stop')]).at(-1)).toMatchObject({ done: true });
    expect(() => streamed(exchange, [chunk({ content: 'a' })])).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
    expect(() => streamed(exchange, ['[DONE]'])).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
  });

  it('reports an error of the upstream', () => {
    const exchange = exchangeOf('ollama.chat', 'openai', { messages });
    expect(() => streamed(exchange, [{ error: { message: 'no' } }])).toThrow(
      expect.objectContaining({ code: 'upstream_error', message: 'no' }),
    );
    expect(() => exchange.answer({ error: { message: 'no' } })).toThrow(
      expect.objectContaining({ code: 'upstream_error' }),
    );
  });
});

describe('generate and embed over OpenAI', () => {
  it('is a chat of one turn, or a plain completion when raw or with a suffix', () => {
    expect(exchangeOf('ollama.generate', 'openai', { prompt: 'p', system: 's' })).toMatchObject({
      path: '/chat/completions',
      operation: 'chat',
      requestBody: { messages: [{ role: 'system' }, { role: 'user', content: 'p' }] },
    });
    for (const body of [
      { prompt: 'p', raw: true },
      { prompt: 'p', suffix: 'q' },
    ]) {
      expect(exchangeOf('ollama.generate', 'openai', body)).toMatchObject({
        path: '/completions',
        operation: 'completions',
        requestBody: { prompt: 'p' },
      });
    }
  });

  it.each([{ context: [1] }, { template: 't' }])('refuses %o', (body) => {
    expect(() => sentBy('ollama.generate', 'openai', { prompt: 'p', ...body })).toThrow(
      expect.objectContaining({ code: 'bad_request' }),
    );
  });

  it('orders vectors by index and wants exactly one for each input', () => {
    const exchange = exchangeOf('ollama.embed', 'openai', { input: ['a', 'b'] });
    const data = (indexes: number[]) => ({ data: indexes.map((index) => ({ index, embedding: [index] })) });
    expect(exchange.answer(data([1, 0])).embeddings).toEqual([[0], [1]]);
    for (const wrong of [[0], [0, 0], [0, 2], [0, 1, 1]])
      expect(() => exchange.answer(data(wrong))).toThrow(/embeddings for 2 inputs/);
  });
});
