import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#lib/protocols/types.ts';
import { exchangeOf, ID, sentBy, streamed } from './fixtures.ts';

const ask = (more: JsonObject = {}): JsonObject => ({ messages: [{ role: 'user', content: 'hi' }], ...more });
const chat = (more: JsonObject = {}) => sentBy('openai.chat', 'ollama', ask(more));

describe("OpenAI's chat over Ollama: the request", () => {
  it('carries sampling parameters as options, and lets options of its own win', () => {
    const sent = chat({
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: 'x',
      max_tokens: 5,
      options: { num_ctx: 99, seed: 8 },
    });
    expect(sent.options).toEqual({
      temperature: 0.5,
      top_p: 0.9,
      seed: 8,
      stop: ['x'],
      num_predict: 5,
      num_ctx: 99,
    });
    expect(sent.stream).toBe(false);
  });

  it('prefers max_completion_tokens to the older max_tokens', () => {
    expect(chat({ max_tokens: 1, max_completion_tokens: 2 }).options).toEqual({ num_predict: 2 });
  });

  it('sends no options when none were given', () => {
    expect(chat()).toEqual({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: false });
  });

  it.each([
    ['none', false],
    ['minimal', 'low'],
    ['high', 'high'],
  ])('maps reasoning effort %s', (effort, think) => {
    expect(chat({ reasoning_effort: effort }).think).toBe(think);
  });

  it('maps response_format', () => {
    const schema = { type: 'object' };
    expect(chat({ response_format: { type: 'json_object' } }).format).toBe('json');
    expect(
      chat({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }).format,
    ).toEqual(schema);
    expect(chat({ response_format: { type: 'text' } })).not.toHaveProperty('format');
  });

  it('narrows tools by tool_choice', () => {
    const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name } }));
    expect(chat({ tools }).tools).toEqual(tools);
    expect(chat({ tools, tool_choice: 'none' })).not.toHaveProperty('tools');
    expect(chat({ tools, tool_choice: { type: 'function', function: { name: 'b' } } }).tools).toEqual([
      tools[1],
    ]);
  });

  it('names the tool whose result comes back', () => {
    const { messages } = chat({
      messages: [
        { role: 'developer', content: 'd' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'r' },
      ],
    });
    expect(messages).toEqual([
      { role: 'system', content: 'd' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', function: { name: 'f', arguments: { x: 1 } } }],
      },
      { role: 'tool', content: 'r', tool_call_id: 'c1', tool_name: 'f' },
    ]);
  });

  it('leaves a role alone that every object has a member of', () => {
    expect(chat({ messages: [{ role: 'constructor', content: 'x' }] }).messages).toEqual([
      { role: 'constructor', content: 'x' },
    ]);
  });

  const part = (type: string, value: Json) => ({
    messages: [{ role: 'user', content: [{ type, [type]: value }] }],
  });
  it.each<[string, JsonObject, string]>([
    ['several answers', { n: 2 }, 'n'],
    ['token biases', { logit_bias: { 5: 1 } }, 'logit_bias'],
    ['spoken answers', { modalities: ['text', 'audio'] }, 'modalities'],
    [
      'images to be fetched',
      part('image_url', { url: 'https://example.org/a.png' }),
      'messages[0].content[0].image_url.url',
    ],
    ['audio', part('input_audio', {}), 'messages[0].content[0].type'],
    ['an unknown format', { response_format: { type: 'xml' } }, 'response_format.type'],
    ['an effort that every object has', { reasoning_effort: 'toString' }, 'reasoning_effort'],
    ['an unknown effort', { reasoning_effort: 'extreme' }, 'reasoning_effort'],
    [
      'a choice that is no tool',
      {
        tools: [{ type: 'function', function: { name: 'a' } }],
        tool_choice: { type: 'function', function: { name: 'z' } },
      },
      'tool_choice',
    ],
    [
      'arguments that are no JSON',
      {
        messages: [{ role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{' } }] }],
      },
      'messages[0].tool_calls[0].function.arguments',
    ],
  ])('refuses %s and names the field', (_name, body, field) => {
    expect(() => chat(body)).toThrow(expect.objectContaining({ code: 'bad_request', field }));
  });
});

describe("OpenAI's chat over Ollama: the answer", () => {
  const line = (message: JsonObject, more: JsonObject = {}): JsonObject => ({
    model: 'm',
    message: { role: 'assistant', content: '', ...message },
    done: false,
    ...more,
  });
  const last = line({}, { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 4 });

  it('has an own id, usage, and null content beside tool calls', () => {
    const tool_calls = [{ function: { name: 'f', arguments: { x: 1 } } }];
    const answer = exchangeOf('openai.chat', 'ollama', ask()).answer(
      line({ tool_calls }, { ...last, message: { tool_calls } }),
    );
    expect(answer).toMatchObject({
      id: `chatcmpl-${ID}`,
      object: 'chat.completion',
      choices: [
        {
          message: { content: null, tool_calls: [{ id: `call_${ID}0`, function: { arguments: '{"x":1}' } }] },
          finish_reason: 'tool_calls',
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    });
  });

  it('streams the role once, the text unchanged, then the reason, then usage, then the end', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
        const exchange = exchangeOf(
          'openai.chat',
          'ollama',
          ask({ stream: true, stream_options: { include_usage: true } }),
        );
        const events = streamed(exchange, [...pieces.map((content) => line({ content })), last]);
        expect(events.pop()).toBe('[DONE]');
        expect(events.pop()).toMatchObject({ choices: [], usage: { total_tokens: 7 } });
        const choices = events.map(
          (event) => (event as { choices: [{ delta: JsonObject; finish_reason: string | null }] }).choices[0],
        );
        expect(choices.map((choice) => choice.delta.content ?? '').join('')).toBe(pieces.join(''));
        expect(choices.filter((choice) => choice.delta.role === 'assistant')).toHaveLength(1);
        expect(choices.map((choice) => choice.finish_reason).filter((reason) => reason !== null)).toEqual([
          'stop',
        ]);
      }),
    );
  });

  it('numbers tool calls through the whole stream', () => {
    const call = (name: string) => line({ tool_calls: [{ function: { name, arguments: {} } }] });
    const events = streamed(exchangeOf('openai.chat', 'ollama', ask({ stream: true })), [
      call('a'),
      call('b'),
      last,
    ]);
    const calls = events.flatMap(
      (event) =>
        (event as { choices?: [{ delta: { tool_calls?: JsonObject[] } }] }).choices?.[0].delta.tool_calls ??
        [],
    );
    expect(calls.map((each) => each.index)).toEqual([0, 1]);
    expect(new Set(calls.map((each) => each.id)).size).toBe(2);
    expect(events.at(-2)).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] });
  });

  it('says when an answer was cut, reported as an error, or is no answer', () => {
    const exchange = exchangeOf('openai.chat', 'ollama', ask({ stream: true }));
    expect(() => streamed(exchange, [line({ content: 'a' })])).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
    expect(() => streamed(exchange, [{ error: 'no memory' }])).toThrow(
      expect.objectContaining({ code: 'upstream_error', message: 'no memory' }),
    );
    expect(() => streamed(exchange, ['not json'])).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
    for (const bad of [null, [], 'x', {}])
      expect(() => exchange.answer(bad)).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
  });
});

describe('completions and embeddings over Ollama', () => {
  it.each<[string, JsonObject, string]>([
    ['several prompts', { prompt: ['a', 'b'] }, 'prompt'],
    ['tokens', { prompt: [1, 2] }, 'prompt'],
    ['no prompt', {}, 'prompt'],
    ['echo', { prompt: 'a', echo: true }, 'echo'],
    ['best of several', { prompt: 'a', best_of: 2 }, 'best_of'],
    ['log probabilities', { prompt: 'a', logprobs: 1 }, 'logprobs'],
  ])('refuses %s', (_name, body, field) => {
    expect(() => sentBy('openai.completions', 'ollama', body)).toThrow(
      expect.objectContaining({ code: 'bad_request', field }),
    );
  });

  it('takes a lone prompt in an array', () => {
    expect(sentBy('openai.completions', 'ollama', { prompt: ['a'] })).toEqual({
      model: 'm',
      prompt: 'a',
      stream: false,
    });
  });

  it('refuses tokens as input', () => {
    for (const input of [
      [1, 2],
      [[1], [2]],
    ]) {
      expect(() => sentBy('openai.embeddings', 'ollama', { input })).toThrow(/input: Ollama takes no tokens/);
    }
  });

  it('packs any vector so that 32-bit floats come back', () => {
    const vector = fc.array(fc.float({ noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(vector, { minLength: 1, maxLength: 5 }), (embeddings) => {
        const input = embeddings.map(String);
        const answer = exchangeOf('openai.embeddings', 'ollama', { input, encoding_format: 'base64' }).answer(
          { embeddings },
        );
        const unpacked = (answer.data as { embedding: string }[]).map((each) => {
          const bytes = Buffer.from(each.embedding, 'base64');
          return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
        });
        expect(unpacked).toEqual(embeddings);
      }),
    );
  });

  it('is not content with fewer vectors than inputs', () => {
    const exchange = exchangeOf('openai.embeddings', 'ollama', { input: ['a', 'b'] });
    expect(() => exchange.answer({ embeddings: [[1]] })).toThrow(/1 embeddings for 2 inputs/);
  });
});
