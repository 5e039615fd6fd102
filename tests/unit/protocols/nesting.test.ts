/** What is nested too deep is told of where it stands, before anything recurses over it. */
import { describe, expect, it } from 'vitest';
import { wholeOf } from '#lib/protocols/recorded.ts';
import { parseRequest } from '#lib/protocols/requests.ts';
import { toolCall } from '#lib/protocols/to-openai/stream.ts';
import { checkedEvent, parseAnswer } from '#lib/protocols/upstream-answer.ts';
import { exchangeOf } from './fixtures.ts';

const DEEP = `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`;
const TOLD = 'nested 2000 levels deep; at most 256 are allowed';
const invalid = (message: string) => expect.objectContaining({ code: 'upstream_invalid', message });

describe('nesting', () => {
  it('of an answer, an event or the arguments of a call is the upstream’s fault', () => {
    expect(() => parseAnswer(DEEP, 'o')).toThrow(invalid(`Upstream o: the answer is ${TOLD}`));
    expect(() => checkedEvent(DEEP)).toThrow(invalid(`The upstream sent an event that is ${TOLD}`));
    const message = `The upstream sent a tool call whose arguments are ${TOLD}`;
    expect(() => toolCall('c', 'f', DEEP)).toThrow(invalid(message));
  });

  it('of the arguments of a client is named by its field', () => {
    const tool_calls = [{ id: 'c', function: { name: 'f', arguments: DEEP } }];
    const body = { model: 'm', messages: [{ role: 'assistant', tool_calls }] };
    const field = 'messages[0].tool_calls[0].function.arguments';
    expect(() => exchangeOf('openai.chat', 'ollama', body)).toThrow(
      expect.objectContaining({ code: 'bad_request', field, message: `${field}: is ${TOLD}` }),
    );
  });
});

describe('length', () => {
  it('of a list of wrong items makes one fault, that of the first', () => {
    const messages = Array.from({ length: 200_000 }, () => 1);
    expect(() => parseRequest('openai.chat', { model: 'm', messages })).toThrow(
      expect.objectContaining({
        field: 'messages[0]',
        message: 'messages[0]: 1 is not allowed; must be of type object',
      }),
    );
  });

  it('of a list of inputs is bounded', () => {
    const input = Array.from({ length: 65_537 }, () => 'x');
    for (const endpoint of ['openai.embeddings', 'ollama.embed'] as const) {
      expect(() => parseRequest(endpoint, { model: 'm', input })).toThrow(/at most 65536 inputs/);
      expect(parseRequest(endpoint, { model: 'm', input: input.slice(1) }).model).toBe('m');
    }
    const tokens = Array.from({ length: 100_000 }, () => 1);
    expect(parseRequest('openai.embeddings', { model: 'm', input: tokens }).model).toBe('m');
  });

  it('of a list in an event does not matter', () => {
    const logprobs = Array.from({ length: 300_000 }, () => ({}));
    const payloads = [JSON.stringify({ response: 'x', logprobs, done: true })];
    expect(wholeOf({ form: 'stream', payloads }, 'ollama')).toMatchObject({ response: 'x' });
  });
});
