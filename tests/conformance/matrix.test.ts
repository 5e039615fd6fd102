/**
 * The real client packages against a scripted upstream: every surface over every upstream protocol, streaming and not.
 * The scripted upstreams answer as OpenAI's API and as Ollama's native API do.
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, streamText } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript, openaiScript } from '../support/scripts.ts';

const KINDS = ['openai', 'ollama'] as const;
const TEXT = 'Grüße, a switch opens. 🔌';

let openaiUpstream: ScriptedUpstream;
let ollamaUpstream: ScriptedUpstream;
const gateways = {} as Record<(typeof KINDS)[number], TestGateway>;

beforeAll(async () => {
  openaiUpstream = await ScriptedUpstream.start(openaiScript);
  ollamaUpstream = await ScriptedUpstream.start(ollamaScript);
  gateways.openai = await startGateway({
    upstreams: [{ name: 'up', kind: 'openai', url: `${openaiUpstream.url}/v1` }],
  });
  gateways.ollama = await startGateway({
    upstreams: [{ name: 'up', kind: 'ollama', url: ollamaUpstream.url }],
  });
});

afterAll(async () => {
  for (const gateway of Object.values(gateways)) await gateway.close();
  await openaiUpstream.close();
  await ollamaUpstream.close();
});

const TOOL = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const;

describe.each(KINDS)('over an upstream of kind %s', (kind) => {
  const lastSent = () => (kind === 'openai' ? openaiUpstream : ollamaUpstream).seen.at(-1);
  const openai = () => new OpenAI({ baseURL: `${gateways[kind].url}/v1`, apiKey: 'unused', maxRetries: 0 });
  const ollama = () => new Ollama({ host: gateways[kind].url });
  const vercel = () =>
    createOpenAICompatible({ name: 'switchgear', baseURL: `${gateways[kind].url}/v1`, includeUsage: true });

  describe('the openai package', () => {
    it('chat', async () => {
      const answer = await openai().chat.completions.create({
        model: 'm',
        messages: [
          { role: 'developer', content: 'be brief' },
          { role: 'user', content: [{ type: 'text', text: 'say it' }] },
        ],
        temperature: 0,
        max_completion_tokens: 50,
      });
      expect(answer.choices[0]?.message.content).toBe(TEXT);
      expect(answer.choices[0]?.finish_reason).toBe('stop');
      expect(answer.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 });
      expect(answer.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/);
    });

    it('chat, streaming, with usage', async () => {
      const stream = await openai().chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'say it' }],
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      const ids = new Set<string>();
      const reasons: unknown[] = [];
      let total: number | undefined;
      for await (const event of stream) {
        ids.add(event.id);
        text += event.choices[0]?.delta.content ?? '';
        if (event.choices[0]?.finish_reason) reasons.push(event.choices[0].finish_reason);
        total = event.usage?.total_tokens ?? total;
      }
      expect([text, reasons, total, ids.size]).toEqual([TEXT, ['stop'], 12, 1]);
    });

    it('tools, streaming and not, and their results on the way back', async () => {
      const request = {
        model: 'm',
        messages: [{ role: 'user' as const, content: 'use the tool' }],
        tools: [{ type: 'function' as const, function: TOOL }],
      };
      const answer = await openai().chat.completions.create(request);
      const call = answer.choices[0]?.message.tool_calls?.[0];
      expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
      if (call?.type !== 'function') throw new Error('a function call was expected');
      expect([call.function.name, JSON.parse(call.function.arguments)]).toEqual([
        'get_weather',
        { city: 'Bern' },
      ]);

      const runner = openai().chat.completions.stream(request);
      const streamed = (await runner.finalChatCompletion()).choices[0]?.message.tool_calls?.[0];
      expect(streamed).toMatchObject({ function: { name: 'get_weather', arguments: '{"city":"Bern"}' } });

      const final = await openai().chat.completions.create({
        model: 'm',
        messages: [
          ...request.messages,
          { role: 'assistant', tool_calls: [call] },
          { role: 'tool', tool_call_id: call.id, content: 'sunny' },
        ],
      });
      expect(final.choices[0]?.message.content).toBe(TEXT);
      const tool = ((lastSent()?.json?.messages ?? []) as Record<string, unknown>[]).at(-1);
      expect(tool).toMatchObject(
        kind === 'openai'
          ? { role: 'tool', tool_call_id: call.id }
          : { role: 'tool', tool_name: 'get_weather' },
      );
    });

    it('images and JSON mode reach the upstream in its own form', async () => {
      const pixel =
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      await openai().chat.completions.create({
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'what' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } },
            ],
          },
        ],
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
      });
      const sent = lastSent()?.json;
      if (kind === 'ollama') {
        expect(sent).toMatchObject({
          format: { type: 'object' },
          stream: false,
          messages: [{ content: 'what', images: [pixel] }],
        });
      } else {
        expect(sent).toMatchObject({ response_format: { type: 'json_schema' } });
      }
    });

    it('completions, streaming and not', async () => {
      const answer = await openai().completions.create({ model: 'm', prompt: 'say it' });
      expect([answer.choices[0]?.text, answer.usage?.total_tokens]).toEqual([TEXT, 12]);
      expect(answer.id).toMatch(/^cmpl-[0-9a-f]{32}$/);
      let text = '';
      for await (const event of await openai().completions.create({
        model: 'm',
        prompt: 'say it',
        stream: true,
      })) {
        text += event.choices[0]?.text ?? '';
      }
      expect(text).toBe(TEXT);
    });

    it('embeddings as float and base64, of a string and of an array', async () => {
      const floats = await openai().embeddings.create({
        model: 'e',
        input: ['a', 'bb'],
        encoding_format: 'float',
      });
      expect(floats.data.map((each) => each.embedding)).toEqual([
        [1, 0.5, -0.25],
        [2, 0.5, -0.25],
      ]);
      // The package asks for base64 on its own and decodes it.
      const packed = await openai().embeddings.create({ model: 'e', input: 'a' });
      expect(packed.data[0]?.embedding).toEqual([1, 0.5, -0.25]);
      expect(floats.data.map((each) => each.index)).toEqual([0, 1]);
    });

    it('token inputs: served by openai, a clear 400 over ollama', async () => {
      const asked = openai().embeddings.create({ model: 'e', input: [1, 2, 3], encoding_format: 'float' });
      if (kind === 'openai') expect((await asked).data).toHaveLength(1);
      else await expect(asked).rejects.toMatchObject({ status: 400, param: 'input' });
    });

    it('models', async () => {
      const models = await openai().models.list();
      expect(models.data.map((each) => each.id)).toEqual(['m:latest', 'e:latest']);
      expect((await openai().models.retrieve('m:latest')).object).toBe('model');
      await expect(openai().models.retrieve('none')).rejects.toMatchObject({
        status: 404,
        code: 'model_not_found',
      });
    });

    it("shows the upstream's own error", async () => {
      const asked = openai().chat.completions.create({
        model: 'missing',
        messages: [{ role: 'user', content: 'x' }],
      });
      await expect(asked).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    });

    it('shows an error in the middle of a stream', async () => {
      const stream = await openai().chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'break' }],
        stream: true,
      });
      let text = '';
      const reading = (async () => {
        for await (const event of stream) text += event.choices[0]?.delta.content ?? '';
      })();
      await expect(reading).rejects.toThrow(/ran out of memory/);
      expect(text).toBe('Grüße');
    });

    it('reasoning', async () => {
      const answer = await openai().chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'think' }],
        reasoning_effort: 'low',
      });
      expect(answer.choices[0]?.message).toMatchObject({ content: TEXT, reasoning_content: 'hm' });
    });
  });

  describe('the ollama package', () => {
    const messages = [{ role: 'user', content: 'say it' }];

    it('chat', async () => {
      const answer = await ollama().chat({
        model: 'm',
        messages,
        options: { temperature: 0, num_predict: 9, stop: ['x'] },
      });
      expect([answer.message.content, answer.done, answer.done_reason]).toEqual([TEXT, true, 'stop']);
      expect([answer.prompt_eval_count, answer.eval_count]).toEqual([7, 5]);
      expect(answer.total_duration).toBeGreaterThan(0);
      if (kind === 'openai')
        expect(lastSent()?.json).toMatchObject({ temperature: 0, max_tokens: 9, stop: ['x'] });
    });

    it('chat, streaming', async () => {
      let text = '';
      let last: { done: boolean; eval_count?: number } | undefined;
      for await (const part of await ollama().chat({ model: 'm', messages, stream: true })) {
        text += part.message.content;
        last = part;
      }
      expect([text, last?.done, last?.eval_count]).toEqual([TEXT, true, 5]);
    });

    it('tools, streaming and not', async () => {
      const request = {
        model: 'm',
        messages: [{ role: 'user', content: 'use the tool' }],
        tools: [{ type: 'function', function: TOOL }],
      };
      const answer = await ollama().chat({ ...request, tools: request.tools as never });
      expect(answer.message.tool_calls?.[0]?.function).toMatchObject({
        name: 'get_weather',
        arguments: { city: 'Bern' },
      });
      const calls: unknown[] = [];
      for await (const part of await ollama().chat({
        ...request,
        tools: request.tools as never,
        stream: true,
      })) {
        calls.push(...(part.message.tool_calls ?? []).map((each) => each.function.arguments));
      }
      expect(calls).toEqual([{ city: 'Bern' }]);
    });

    it('generate, streaming and not', async () => {
      expect((await ollama().generate({ model: 'm', prompt: 'say it', system: 'be brief' })).response).toBe(
        TEXT,
      );
      let text = '';
      for await (const part of await ollama().generate({ model: 'm', prompt: 'say it', stream: true }))
        text += part.response;
      expect(text).toBe(TEXT);
    });

    it('embed and the older embeddings', async () => {
      const many = await ollama().embed({ model: 'e', input: ['a', 'bb'] });
      expect(many.embeddings).toEqual([
        [1, 0.5, -0.25],
        [2, 0.5, -0.25],
      ]);
      expect((await ollama().embeddings({ model: 'e', prompt: 'a' })).embedding).toEqual([1, 0.5, -0.25]);
    });

    it('list, ps, show, version', async () => {
      expect((await ollama().list()).models.map((each) => each.name)).toEqual(['m:latest', 'e:latest']);
      expect((await ollama().ps()).models).toHaveLength(kind === 'ollama' ? 1 : 0);
      expect(await ollama().show({ model: 'm:latest' })).toHaveProperty('details');
      expect((await ollama().version()).version).toMatch(/^\d+\.\d+/);
    });

    it('an empty chat loads a model', async () => {
      const answer = await ollama().chat({ model: 'm', messages: [], keep_alive: 60 });
      expect([answer.done, answer.done_reason]).toEqual([true, 'load']);
    });

    it('shows the upstream error, whole and in the middle of a stream', async () => {
      await expect(ollama().chat({ model: 'missing', messages })).rejects.toMatchObject({ status_code: 404 });
      const reading = (async () => {
        const broken = [{ role: 'user', content: 'break' }];
        for await (const _part of await ollama().chat({ model: 'm', messages: broken, stream: true }));
      })();
      await expect(reading).rejects.toThrow(/ran out of memory/);
    });

    it('thinking', async () => {
      const answer = await ollama().chat({
        model: 'm',
        messages: [{ role: 'user', content: 'think' }],
        think: true,
      });
      expect([answer.message.content, answer.message.thinking]).toEqual([TEXT, 'hm']);
    });

    it('management calls are refused', async () => {
      await expect(ollama().delete({ model: 'm' })).rejects.toThrow(/management/i);
    });
  });

  describe('the ai package', () => {
    it('generateText and streamText', async () => {
      const model = vercel()('m');
      const whole = await generateText({ model, prompt: 'say it', maxRetries: 0 });
      expect([whole.text, whole.finishReason, whole.usage.totalTokens]).toEqual([TEXT, 'stop', 12]);
      const stream = streamText({ model, prompt: 'say it', maxRetries: 0 });
      let text = '';
      for await (const part of stream.textStream) text += part;
      expect([text, (await stream.usage).totalTokens]).toEqual([TEXT, 12]);
    });

    it('embedMany', async () => {
      const { embeddings } = await embedMany({
        model: vercel().textEmbeddingModel('e'),
        values: ['a', 'bb'],
        maxRetries: 0,
      });
      expect(embeddings.map((each) => each[0])).toEqual([1, 2]);
    });

    it('reasoning', async () => {
      const whole = await generateText({ model: vercel()('m'), prompt: 'think', maxRetries: 0 });
      expect(whole.reasoningText).toBe('hm');
    });
  });
});
