import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSwitchgearError } from '#lib/errors.ts';
import { errorBody, translateUpstreamError } from '#lib/protocols/errors.ts';
import { openExchange } from '#lib/protocols/exchange.ts';
import { parseRequest } from '#lib/protocols/requests.ts';
import type { Endpoint, Json } from '#lib/protocols/types.ts';
import { contextOf, exchangeOf, ID, streamed } from './fixtures.ts';

const ENDPOINTS: Endpoint[] = [
  'openai.chat',
  'openai.completions',
  'openai.embeddings',
  'ollama.chat',
  'ollama.generate',
  'ollama.embed',
  'ollama.embeddings',
];

describe('a request', () => {
  it.each<[Endpoint, Json, string, RegExp]>([
    ['openai.chat', {}, 'model', /required/],
    ['openai.chat', { model: '' }, 'model', /"" is not allowed/],
    ['openai.chat', { model: 'm' }, 'messages', /required/],
    ['openai.chat', { model: 'x'.repeat(257), messages: [{ role: 'user' }] }, 'model', /at most 256/],
    ['openai.chat', { model: 'm', messages: [] }, 'messages', /at least one/],
    [
      'openai.chat',
      { model: 'm', messages: [{ role: 'user', content: 5 }] },
      'messages[0].content',
      /5 is not allowed; must be a string/,
    ],
    ['openai.chat', { model: 'm', messages: [{ content: 'x' }] }, 'messages[0].role', /required/],
    ['openai.chat', { model: 'm', messages: [{ role: 'user' }], stream: 'yes' }, 'stream', /"yes"/],
    [
      'openai.chat',
      { model: 'm', messages: [{ role: 'user' }], temperature: 'hot' },
      'temperature',
      /type number/,
    ],
    ['openai.embeddings', { model: 'm', input: '' }, 'input', /at least 1 characters/],
    [
      'openai.embeddings',
      { model: 'm', input: 'a', encoding_format: 'hex' },
      'encoding_format',
      /"float" or "base64"/,
    ],
    ['ollama.embed', { model: 'm', input: [1] }, 'input', /takes no tokens/],
    ['ollama.generate', { model: 'm', prompt: 1 }, 'prompt', /type string/],
  ])(
    'to %s with a fault is told which field, what it holds and what is allowed',
    (endpoint, body, field, text) => {
      expect(() => parseRequest(endpoint, body)).toThrow(
        expect.objectContaining({ code: 'bad_request', field, message: expect.stringMatching(text) }),
      );
    },
  );

  it('keeps its body as it came, null fields and unknown ones included', () => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'x' }], stop: null, vendor: [1] };
    expect(parseRequest('openai.chat', body).body).toBe(body);
  });

  it('of any kind is either taken or refused by name, over any upstream', () => {
    const field = fc.constantFrom(
      'messages',
      'prompt',
      'input',
      'tools',
      'format',
      'options',
      'stream',
      'stop',
      'images',
      'tool_choice',
      'response_format',
      'think',
    );
    const body = fc
      .dictionary(field, fc.jsonValue({ maxDepth: 4 }))
      .map((fields) => ({ model: 'm', ...fields }) as Json);
    const anyBody = fc.oneof(body, fc.jsonValue() as fc.Arbitrary<Json>);
    fc.assert(
      fc.property(
        fc.constantFrom(...ENDPOINTS),
        fc.constantFrom('openai' as const, 'ollama' as const),
        anyBody,
        (endpoint, protocol, each) => {
          try {
            openExchange(parseRequest(endpoint, each), protocol, contextOf());
          } catch (thrown) {
            expect(isSwitchgearError(thrown) && thrown.code).toBe('bad_request');
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the same protocol on both sides', () => {
  const chunk = (index: number, finish_reason: string | null) => ({
    id: 'chatcmpl-7',
    vendor: 1,
    choices: [{ index, delta: {}, finish_reason }],
  });
  const chat = () => exchangeOf('openai.chat', 'openai', { messages: [{ role: 'user' }], stream: true });

  it('replaces the id alone', () => {
    expect(streamed(chat(), [chunk(0, 'stop'), '[DONE]'])).toEqual([
      { ...chunk(0, 'stop'), id: `chatcmpl-${ID}` },
      '[DONE]',
    ]);
    expect(chat().answer({ id: 'x', vendor: 1, choices: [] })).toEqual({
      id: `chatcmpl-${ID}`,
      vendor: 1,
      choices: [],
    });
  });

  it('is complete without [DONE] only when every choice has its reason', () => {
    expect(
      streamed(chat(), [chunk(0, null), chunk(1, null), chunk(0, 'stop'), chunk(1, 'stop')]).at(-1),
    ).toBe('[DONE]');
    expect(() => streamed(chat(), [chunk(0, null), chunk(1, null), chunk(0, 'stop')])).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
    expect(() => streamed(chat(), [])).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
  });

  it('hands embeddings on untouched', () => {
    const answer = { data: [] };
    expect(exchangeOf('openai.embeddings', 'openai', { input: 'a' }).answer(answer)).toBe(answer);
  });

  it("does not take Ollama's report of an error for an answer", () => {
    const exchange = exchangeOf('ollama.chat', 'ollama', { messages: [{ role: 'user' }] });
    expect(() => streamed(exchange, [{ message: {}, done: false }, { error: 'no memory' }])).toThrow(
      expect.objectContaining({ code: 'upstream_error' }),
    );
    expect(() => streamed(exchange, [{ message: {}, done: false }])).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
  });
});

describe("an upstream's error", () => {
  it('stays as it is between equal protocols', () => {
    const body = { error: { message: 'no', extra: 1 } };
    expect(translateUpstreamError('openai', 'openai', 422, JSON.stringify(body))).toEqual(body);
  });

  it.each([
    [
      'openai',
      'ollama',
      404,
      '{"error":"model \'x\' not found"}',
      {
        error: {
          message: "model 'x' not found",
          type: 'invalid_request_error',
          param: null,
          code: 'model_not_found',
        },
      },
    ],
    ['ollama', 'openai', 429, '{"error":{"message":"slow down"}}', { error: 'slow down' }],
    ['ollama', 'openai', 500, '<html>', { error: 'The upstream answered with status 500' }],
    [
      'openai',
      'openai',
      503,
      'overloaded',
      { error: { message: 'overloaded', type: 'server_error', param: null, code: null } },
    ],
  ] as const)('to %s from %s with status %i reads %s', (surface, protocol, status, text, shown) => {
    expect(translateUpstreamError(surface, protocol, status, text)).toEqual(shown);
  });

  it('of our own has the form of its surface', () => {
    const refuse = () => parseRequest('openai.chat', { model: 'm' });
    try {
      refuse();
    } catch (thrown) {
      if (!isSwitchgearError(thrown)) throw thrown;
      expect(errorBody('openai', thrown)).toMatchObject({
        error: { type: 'invalid_request_error', param: 'messages', code: 'bad_request' },
      });
      expect(errorBody('ollama', thrown)).toEqual({ error: thrown.message });
    }
    expect(refuse).toThrow();
  });
});
