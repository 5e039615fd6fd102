import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compose, type GenerationRequest } from '#lib/lab/compose.ts';
import { bound } from '#lib/lab/generate.ts';
import { labValues, valueFor } from '#lib/lab/json-mode.ts';
import { LAB_MODELS } from '#lib/lab/models.ts';
import { pick } from '#lib/lab/random.ts';
import { tokensOf } from '#lib/lab/tokenizer.ts';
import type { JsonObject } from '#lib/protocols/types.ts';

const model = pick(LAB_MODELS, () => 0);

function request(text: string, fields: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    model,
    messages: [{ role: 'user', text, toolName: null }],
    tools: [],
    toolChoice: 'auto',
    format: null,
    think: false,
    maxTokens: Number.POSITIVE_INFINITY,
    stops: [],
    seed: 0,
    keepAliveMs: 0,
    ...fields,
  };
}

const weather = {
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

describe('compose', () => {
  it('labels every text as the lab’s and gives the same text again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer(), (text, seed) => {
        const { text: answer } = compose(request(text, { seed }));
        expect(answer.startsWith('[lab] ')).toBe(true);
        expect(compose(request(text, { seed })).text).toBe(answer);
      }),
    );
  });

  it('gives another text for another seed', () => {
    expect(compose(request('hello', { seed: 1 })).text).not.toBe(compose(request('hello', { seed: 2 })).text);
  });

  it('calls a tool that the message mentions, with arguments of its schema', () => {
    const { toolCalls } = compose(request('What is the weather in Paris today?', { tools: [weather] }));
    expect(toolCalls).toEqual([{ name: 'get_weather', arguments: { city: 'Paris' } }]);
  });

  it('answers in text when no tool is mentioned, and when none may be called', () => {
    expect(compose(request('Get me a story', { tools: [weather] })).toolCalls).toEqual([]);
    const forbidden = request('weather?', { tools: [weather], toolChoice: 'none' });
    expect(compose(forbidden).toolCalls).toEqual([]);
    const required = request('hello', { tools: [weather], toolChoice: 'required' });
    expect(compose(required).toolCalls).toHaveLength(1);
  });

  it('quotes the result of a tool', () => {
    const messages = [
      { role: 'user', text: 'weather in Paris?', toolName: null },
      { role: 'tool', text: '18 degrees', toolName: 'get_weather' },
    ];
    const { text, toolCalls } = compose(request('', { messages, tools: [weather] }));
    expect(text).toContain('18 degrees');
    expect(toolCalls).toEqual([]);
  });

  it('thinks only when asked', () => {
    expect(compose(request('hello')).thinking).toBe('');
    expect(compose(request('hello', { think: true })).thinking).not.toBe('');
  });

  it('writes JSON in JSON mode', () => {
    expect(JSON.parse(compose(request('hello', { format: 'json' })).text)).toMatchObject({ source: 'lab' });
  });
});

describe('valueFor', () => {
  it.each<[JsonObject, unknown]>([
    [{ type: 'string' }, 'lab'],
    [{ type: 'integer', minimum: 3 }, 3],
    [{ type: ['null', 'string'] }, null],
    [{ enum: ['b', 'a'] }, 'b'],
    [{ const: 7 }, 7],
    [{ type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
    [{ type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] }, { a: 'lab' }],
    [{ properties: { a: { type: 'number' } } }, { a: 0 }],
    [{ anyOf: [{ type: 'null' }, { type: 'string' }] }, null],
    [{ $ref: '#/$defs/id', $defs: { id: { type: 'string', minLength: 5 } } }, 'lab..'],
    [
      { allOf: [{ properties: { a: { const: 1 } }, required: ['a'] }, { required: ['b'] }] },
      { a: 1, b: 'lab' },
    ],
  ])('makes of %j the value %j', (schema, value) => {
    expect(valueFor(schema, labValues)).toEqual(value);
  });

  it('ends on a schema that contains itself many times over', () => {
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const properties = Object.fromEntries(names.map((name) => [name, { $ref: '#' }]));
    expect(valueFor({ type: 'object', properties, required: names }, labValues)).toHaveProperty('p0');
  });
});

describe('bound', () => {
  it('keeps a text whole without limits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokensOf(text).join('')).toBe(text);
      }),
    );
  });

  it('ends before the first stop sequence', () => {
    const { tokens, reason } = bound('one two three', Number.POSITIVE_INFINITY, ['three', ' two']);
    expect([tokens.join(''), reason]).toEqual(['one', 'stop']);
  });

  it('ends at the limit of tokens and says so', () => {
    expect(bound('[lab] one two', 2, [])).toEqual({ tokens: ['[lab]', ' one'], reason: 'length' });
  });
});
