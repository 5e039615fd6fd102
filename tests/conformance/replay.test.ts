/** What the real client packages get from the cache is what they got from the upstream, whoever asked first, and how. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript, openaiScript } from '../support/scripts.ts';

const KINDS = ['openai', 'ollama'] as const;
const TEXT = 'Grüße, a switch opens. 🔌';
const TOOL = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
afterEach(async () => {
  await gateway?.close();
  await upstream?.close();
});

async function start(kind: (typeof KINDS)[number]): Promise<void> {
  const isOpenai = kind === 'openai';
  upstream = await ScriptedUpstream.start(isOpenai ? openaiScript : ollamaScript);
  gateway = await startGateway({
    upstreams: [{ name: 'up', kind, url: isOpenai ? `${upstream.url}/v1` : upstream.url }],
    cache: { shadow_check_percent: 0, scope: 'shared' },
  });
}

const openai = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 });
const ollama = () => new Ollama({ host: gateway.url });
const vercel = () =>
  createOpenAICompatible({ name: 'switchgear', baseURL: `${gateway.url}/v1`, includeUsage: true });

interface Said {
  text: string;
  tokens: (number | undefined)[];
  reason: unknown;
}
const messages = [{ role: 'user' as const, content: 'say it' }];
const TOOLS = [{ type: 'function' as const, function: TOOL }];

/** Each asks the same thing in its own way. */
const WAYS: Record<string, () => Promise<Said>> = {
  async 'openai, whole'() {
    const { choices, usage } = await openai().chat.completions.create({
      model: 'm',
      messages,
      temperature: 0,
    });
    return {
      text: choices[0]?.message.content ?? '',
      tokens: [usage?.prompt_tokens, usage?.completion_tokens],
      reason: choices[0]?.finish_reason,
    };
  },
  async 'openai, streamed'() {
    const stream_options = { include_usage: true };
    const request = { model: 'm', messages, temperature: 0, stream: true, stream_options } as const;
    const said: Said = { text: '', tokens: [], reason: null };
    for await (const { choices, usage } of await openai().chat.completions.create(request)) {
      said.text += choices[0]?.delta.content ?? '';
      said.reason = choices[0]?.finish_reason ?? said.reason;
      if (usage != null) said.tokens = [usage.prompt_tokens, usage.completion_tokens];
    }
    return said;
  },
  async 'ollama, whole'() {
    const answer = await ollama().chat({ model: 'm', messages, options: { temperature: 0 } });
    return {
      text: answer.message.content,
      tokens: [answer.prompt_eval_count, answer.eval_count],
      reason: answer.done_reason,
    };
  },
  async 'ollama, streamed'() {
    const said: Said = { text: '', tokens: [], reason: null };
    for await (const part of await ollama().chat({
      model: 'm',
      messages,
      stream: true,
      options: { temperature: 0 },
    })) {
      said.text += part.message.content;
      if (part.done)
        Object.assign(said, { tokens: [part.prompt_eval_count, part.eval_count], reason: part.done_reason });
    }
    return said;
  },
  async 'ai, whole'() {
    const { text, usage, finishReason } = await generateText({
      model: vercel()('m'),
      messages,
      temperature: 0,
    });
    return { text, tokens: [usage.inputTokens, usage.outputTokens], reason: finishReason };
  },
  async 'ai, streamed'() {
    const result = streamText({ model: vercel()('m'), messages, temperature: 0 });
    let text = '';
    for await (const part of result.textStream) text += part;
    const usage = await result.usage;
    return { text, tokens: [usage.inputTokens, usage.outputTokens], reason: await result.finishReason };
  },
};

describe.each(KINDS)('over an upstream of kind %s', (kind) => {
  it.each(Object.keys(WAYS))('first asked through %s, then through all', async (first) => {
    await start(kind);
    const alone: Record<string, Said> = {};
    for (const [way, ask] of Object.entries(WAYS)) {
      gateway.runtime.cache.purgeMemory({});
      alone[way] = await ask();
    }
    gateway.runtime.cache.purgeMemory({});
    await WAYS[first]?.();
    const calls = upstream.seen.length;
    for (const [way, ask] of Object.entries(WAYS)) {
      const said = await ask();
      expect(said, way).toEqual(alone[way]);
      expect(said, way).toEqual({ text: TEXT, tokens: [7, 5], reason: 'stop' });
    }
    expect(upstream.seen).toHaveLength(calls);
  });

  it('tool calls and thoughts are the same from the cache, streamed and whole', async () => {
    await start(kind);
    const request = (content: string) => ({
      model: 'm',
      messages: [{ role: 'user' as const, content }],
      temperature: 0,
    });
    const whole = async (content: string) => {
      const { choices } = await openai().chat.completions.create({ ...request(content), tools: TOOLS });
      return choices[0];
    };
    const streamed = async (content: string) => {
      const stream = openai().chat.completions.stream({ ...request(content), tools: TOOLS });
      return (await stream.finalChatCompletion()).choices[0];
    };
    const calls = (choice: Awaited<ReturnType<typeof whole>>) =>
      choice?.message.tool_calls?.map(
        (call) => call.type === 'function' && [call.id, call.function.name, call.function.arguments],
      );
    const first = await streamed('use the tool');
    expect(calls(first)).toEqual([[expect.any(String), 'get_weather', '{"city":"Bern"}']]);
    const native = () =>
      ollama().chat({
        model: 'm',
        messages: request('use the tool').messages,
        tools: TOOLS,
        options: { temperature: 0 },
      });
    for (const again of [await whole('use the tool'), await streamed('use the tool')]) {
      expect(calls(again)).toEqual(calls(first));
      expect(again?.finish_reason).toBe('tool_calls');
    }
    expect((await native()).message.tool_calls).toEqual([
      expect.objectContaining({
        function: expect.objectContaining({ name: 'get_weather', arguments: { city: 'Bern' } }),
      }),
    ]);
    expect(upstream.seen).toHaveLength(1);

    const thoughts = (choice: Awaited<ReturnType<typeof whole>>) => {
      const message = choice?.message as {
        reasoning?: string;
        reasoning_content?: string;
        content: string | null;
      };
      return [message.reasoning ?? message.reasoning_content, message.content];
    };
    const thought = thoughts(await whole('think'));
    expect(thought[0]).toBeTruthy();
    expect(thoughts(await streamed('think'))).toEqual(thought);
    expect(upstream.seen).toHaveLength(2);
  });

  it('streams are replayed event for event', async () => {
    await start(kind);
    for (const [path, body] of [
      [
        '/v1/chat/completions',
        { model: 'm', messages, temperature: 0, stream: true, stream_options: { include_usage: true } },
      ],
      [
        '/api/chat',
        { model: 'm', messages, options: { temperature: 0 }, keep_alive: 1, stream: true, format: null },
      ],
    ] as const) {
      gateway.runtime.cache.purgeMemory({});
      const ask = async (more: object = {}) => {
        const answer = await post(`${gateway.url}${path}`, { ...body, ...more });
        return [answer.headers.get('x-cache'), withoutTimes(await answer.text())];
      };
      const [status, text] = await ask();
      expect(status).toBe('miss');
      expect(await ask()).toEqual(['hit', text]);
      // The same bytes once more, and other bytes that ask the same.
      expect(await ask()).toEqual(['hit', text]);
      expect(await ask({ keep_alive: 2 })).toEqual(['hit', text]);
    }
  });
});

/** When a translated answer says it was made, and how long that took, is measured anew. */
function withoutTimes(text: string): string {
  return text.replace(
    /"(created|created_at|total_duration|load_duration|eval_duration|prompt_eval_duration)":("[^"]*"|\d+)/g,
    '"$1":0',
  );
}
