/** OpenAI's API: model calls as requests of the lab, and their events as OpenAI's JSON and server-sent events. */
import type { GenerationRequest } from '#lib/lab/compose.ts';
import type { Engine } from '#lib/lab/engine.ts';
import {
  collect,
  type DoneReason,
  type Generated,
  type GenerationEvent,
  type Usage,
} from '#lib/lab/events.ts';
import { messagesIn, modelIn, stopsIn, textsIn, tokenLimit, toolsIn } from '#lib/lab/fields.ts';
import { dimensionsIn, needs } from '#lib/lab/ollama-answers.ts';
import { Refusal } from '#lib/lab/refusal.ts';
import type { Reply } from '#lib/lab/reply.ts';
import type { ToolCall } from '#lib/lab/tools.ts';
import { isObject, numberIn, objectIn, stringIn } from '#lib/protocols/json.ts';
import type { JsonObject } from '#lib/protocols/types.ts';

type Surface = 'chat' | 'completions';
type Fields = Record<string, unknown>;

const EVENT_STREAM = 'text/event-stream';
const FINGERPRINT = 'fp_lab';
/** OpenAI has no keep-alive; Ollama's own compatible surface takes its default too. */

/** `POST /v1/chat/completions` and `POST /v1/completions`. `id` makes the answer's own. */
export async function answerOpenai(
  surface: Surface,
  body: JsonObject,
  engine: Engine,
  reply: Reply,
  id: string,
) {
  const request = requestOf(surface, body);
  const events = engine.generate(request, reply.signal);
  const head = (object: string) => ({
    id: surface === 'chat' ? `chatcmpl-${id}` : `cmpl-${id}`,
    object,
    created: Math.floor(Date.now() / 1_000),
    model: request.model.name,
    system_fingerprint: FINGERPRINT,
  });
  if (body.stream !== true) {
    const answer = await collect(events);
    const finish = finishOf(answer.reason, answer.toolCalls.length > 0);
    const choice =
      surface === 'chat' ? { message: messageOf(answer, id) } : { text: answer.text, logprobs: null };
    const object = surface === 'chat' ? 'chat.completion' : 'text_completion';
    const choices = [{ index: 0, ...choice, finish_reason: finish }];
    reply.json(200, { ...head(object), choices, usage: usageOf(answer.usage) });
    return;
  }
  const object = surface === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const wantsUsage = objectIn(body, 'stream_options')?.include_usage === true;
  const send = (fields: Fields) => {
    if (!reply.started) reply.startStream(EVENT_STREAM);
    return reply.write(`data: ${JSON.stringify({ ...head(object), ...fields })}\n\n`);
  };
  let calledTools = false;
  for await (const event of events) {
    if (!reply.started && surface === 'chat') {
      await send({ choices: [choiceOf(surface, { role: 'assistant', content: '' }, null)] });
    }
    if (event.type === 'done') {
      await send({ choices: [choiceOf(surface, {}, finishOf(event.reason, calledTools))] });
      if (wantsUsage) await send({ choices: [], usage: usageOf(event.usage) });
    } else {
      calledTools ||= event.type === 'tool_calls';
      await send({ choices: [choiceOf(surface, deltaOf(event, id), null)] });
    }
  }
  await reply.write('data: [DONE]\n\n');
  reply.end();
}

/** `POST /v1/embeddings`. */
export async function answerOpenaiEmbeddings(body: JsonObject, engine: Engine, reply: Reply) {
  const model = modelIn(body);
  needs(model, 'embedding', 'this model does not support embeddings');
  const texts = textsIn(body, 'input');
  if (texts.length === 0) throw new Refusal(400, 'input must not be empty');
  const format = stringIn(body, 'encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') {
    throw new Refusal(400, 'encoding_format must be float or base64');
  }
  const { vectors, usage } = await engine.embed(
    { model, texts, dimensions: dimensionsIn(body), keepAliveMs: null },
    reply.signal,
  );
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: format === 'base64' ? base64Of(vector) : vector,
  }));
  const { promptTokens } = usage;
  reply.json(200, {
    object: 'list',
    data,
    model: model.name,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

function requestOf(surface: Surface, body: JsonObject): GenerationRequest {
  const model = modelIn(body);
  needs(model, 'completion', `"${model.name}" does not support ${surface}`);
  if ((numberIn(body, 'n') ?? 1) !== 1) throw new Refusal(400, 'n must be 1: the lab gives one choice');
  const effort = stringIn(body, 'reasoning_effort');
  const messages = surface === 'chat' ? messagesIn(body) : promptIn(body);
  if (messages.length === 0) {
    throw new Refusal(400, surface === 'chat' ? 'messages must not be empty' : 'prompt must not be empty');
  }
  return {
    model,
    messages,
    tools: surface === 'chat' ? toolsIn(body) : [],
    toolChoice: toolChoiceIn(body),
    format: formatIn(body),
    think: effort !== null && effort !== 'none' && model.capabilities.includes('thinking'),
    maxTokens: tokenLimit(numberIn(body, 'max_completion_tokens') ?? numberIn(body, 'max_tokens')),
    stops: stopsIn(body.stop),
    seed: numberIn(body, 'seed') ?? 0,
    keepAliveMs: null,
  };
}

function promptIn(body: JsonObject) {
  const texts = textsIn(body, 'prompt');
  if (texts.length > 1) throw new Refusal(400, 'prompt must be one text: the lab gives one choice');
  return texts.map((text) => ({ role: 'user', text, toolName: null }));
}

function toolChoiceIn({ tool_choice: choice }: JsonObject): GenerationRequest['toolChoice'] {
  if (choice === 'none' || choice === 'required') return choice;
  const name = isObject(choice) ? stringIn(objectIn(choice, 'function') ?? {}, 'name') : null;
  return name === null ? 'auto' : { name };
}

function formatIn(body: JsonObject): GenerationRequest['format'] {
  const format = objectIn(body, 'response_format');
  if (format?.type === 'json_object') return 'json';
  if (format?.type !== 'json_schema') return null;
  return objectIn(objectIn(format, 'json_schema') ?? {}, 'schema') ?? 'json';
}

function messageOf({ text, thinking, toolCalls }: Generated, id: string): Fields {
  const reasoning = thinking === '' ? {} : { reasoning: thinking };
  if (toolCalls.length === 0) return { role: 'assistant', content: text, refusal: null, ...reasoning };
  return {
    role: 'assistant',
    content: null,
    refusal: null,
    ...reasoning,
    tool_calls: callsOf(toolCalls, id),
  };
}

function deltaOf(event: Exclude<GenerationEvent, { type: 'done' }>, id: string): Fields {
  switch (event.type) {
    case 'text':
      return { content: event.text };
    case 'thinking':
      return { reasoning: event.text };
    case 'tool_calls':
      return { tool_calls: callsOf(event.calls, id).map((call, index) => ({ index, ...call })) };
  }
}

function callsOf(calls: readonly ToolCall[], id: string): Fields[] {
  return calls.map((call, index) => ({
    id: `call_${id}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
}

function choiceOf(surface: Surface, delta: Fields, finish: string | null): Fields {
  if (surface === 'chat') return { index: 0, delta, finish_reason: finish };
  return { index: 0, text: delta.content ?? '', logprobs: null, finish_reason: finish };
}

function finishOf(reason: DoneReason, calledTools: boolean): string {
  if (calledTools) return 'tool_calls';
  return reason === 'length' ? 'length' : 'stop';
}

function usageOf({ promptTokens, evalTokens }: Usage): Fields {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: evalTokens,
    total_tokens: promptTokens + evalTokens,
  };
}

/** Little-endian 32-bit floats, as OpenAI encodes them. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT);
  });
  return bytes.toString('base64');
}
