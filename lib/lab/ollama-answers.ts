/** Ollama's native API: model calls as requests of the lab, and their events as Ollama's JSON and NDJSON. */
import type { GenerationRequest } from '#lib/lab/compose.ts';
import { DEFAULT_DIMENSIONS, MAX_DIMENSIONS } from '#lib/lab/embed.ts';
import type { Engine } from '#lib/lab/engine.ts';
import { collect, type GenerationEvent, type Usage } from '#lib/lab/events.ts';
import { keepAliveIn, messagesIn, modelIn, stopsIn, textsIn, tokenLimit, toolsIn } from '#lib/lab/fields.ts';
import type { Capability, LabModel } from '#lib/lab/models.ts';
import { Refusal } from '#lib/lab/refusal.ts';
import type { Reply } from '#lib/lab/reply.ts';
import { countTokens } from '#lib/lab/tokenizer.ts';
import { isObject, numberIn, objectIn, stringIn } from '#lib/protocols/json.ts';
import type { JsonObject } from '#lib/protocols/types.ts';

type Surface = 'chat' | 'generate';
type Fields = Record<string, unknown>;

const NDJSON = 'application/x-ndjson';

/** `POST /api/chat` and `POST /api/generate`. */
export async function answerOllama(surface: Surface, body: JsonObject, engine: Engine, reply: Reply) {
  const request = requestOf(surface, body);
  const events = engine.generate(request, reply.signal);
  const name = request.model.name;
  const head = () => ({ model: name, created_at: new Date().toISOString() });
  if (body.stream === false) {
    const { text, thinking, toolCalls, reason, usage } = await collect(events);
    const calls = toolCalls.length === 0 ? [] : callsOf({ type: 'tool_calls', calls: toolCalls });
    reply.json(200, { ...head(), ...partOf(surface, text, thinking, calls), ...finalFields(reason, usage) });
    return;
  }
  for await (const event of events) {
    if (!reply.started) reply.startStream(NDJSON);
    await reply.write(`${JSON.stringify({ ...head(), ...lineOf(surface, event) })}\n`);
  }
  reply.end();
}

/** `POST /api/embed`. */
export async function answerEmbed(body: JsonObject, engine: Engine, reply: Reply) {
  const model = modelIn(body);
  needs(model, 'embedding', 'this model does not support embeddings');
  const texts = textsIn(body, 'input');
  if (body.truncate === false && texts.some((text) => countTokens(text) > model.contextLength)) {
    throw new Refusal(400, 'the input length exceeds the context length');
  }
  const dimensions = dimensionsIn(body);
  const { vectors, usage } = await engine.embed(
    { model, texts, dimensions, keepAliveMs: keepAliveIn(body) },
    reply.signal,
  );
  reply.json(200, {
    model: model.name,
    embeddings: vectors,
    total_duration: nanoseconds(usage.totalMs),
    load_duration: nanoseconds(usage.loadMs),
    prompt_eval_count: usage.promptTokens,
  });
}

/** `POST /api/embeddings`, which Ollama keeps for old clients: one prompt, one vector. */
export async function answerEmbeddings(body: JsonObject, engine: Engine, reply: Reply) {
  const model = modelIn(body);
  needs(model, 'embedding', 'this model does not support embeddings');
  const texts = textsIn({ prompt: stringIn(body, 'prompt') }, 'prompt');
  const keepAliveMs = keepAliveIn(body);
  const { vectors } = await engine.embed(
    { model, texts, dimensions: DEFAULT_DIMENSIONS, keepAliveMs },
    reply.signal,
  );
  reply.json(200, { embedding: vectors[0] ?? [] });
}

/** @throws Refusal 400 when the model lacks what the call needs */
export function needs(model: LabModel, capability: Capability, message: string): void {
  if (!model.capabilities.includes(capability)) throw new Refusal(400, message);
}

export function dimensionsIn(body: JsonObject): number {
  const wanted = numberIn(body, 'dimensions');
  if (wanted === null) return DEFAULT_DIMENSIONS;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_DIMENSIONS) {
    throw new Refusal(400, `dimensions must be an integer from 1 to ${MAX_DIMENSIONS}`);
  }
  return wanted;
}

function requestOf(surface: Surface, body: JsonObject): GenerationRequest {
  const model = modelIn(body);
  const options = objectIn(body, 'options') ?? {};
  const tools = surface === 'chat' ? toolsIn(body) : [];
  const think = body.think !== undefined && body.think !== null && body.think !== false;
  needs(model, 'completion', `"${model.name}" does not support ${surface}`);
  if (tools.length > 0) needs(model, 'tools', `${model.name} does not support tools`);
  if (think) needs(model, 'thinking', `"${model.name}" does not support thinking`);
  return {
    model,
    messages: surface === 'chat' ? messagesIn(body) : promptIn(body),
    tools,
    toolChoice: 'auto',
    format: formatIn(body),
    think,
    maxTokens: tokenLimit(numberIn(options, 'num_predict')),
    stops: stopsIn(options.stop),
    seed: numberIn(options, 'seed') ?? 0,
    keepAliveMs: keepAliveIn(body),
  };
}

function promptIn(body: JsonObject) {
  const prompt = stringIn(body, 'prompt') ?? '';
  if (prompt === '') return [];
  const system = stringIn(body, 'system');
  const instructions = system === null ? [] : [{ role: 'system', text: system, toolName: null }];
  return [...instructions, { role: 'user', text: prompt, toolName: null }];
}

function formatIn({ format }: JsonObject): GenerationRequest['format'] {
  if (format === undefined || format === null || format === '') return null;
  if (format === 'json' || isObject(format)) return format;
  throw new Refusal(
    400,
    `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`,
  );
}

function lineOf(surface: Surface, event: GenerationEvent): Fields {
  switch (event.type) {
    case 'text':
      return { ...partOf(surface, event.text, '', []), done: false };
    case 'thinking':
      return { ...partOf(surface, '', event.text, []), done: false };
    case 'tool_calls':
      return { ...partOf(surface, '', '', callsOf(event)), done: false };
    case 'done':
      return { ...partOf(surface, '', '', []), ...finalFields(event.reason, event.usage) };
  }
}

function partOf(surface: Surface, text: string, thinking: string, toolCalls: readonly Fields[]): Fields {
  const thought = thinking === '' ? {} : { thinking };
  if (surface === 'generate') return { response: text, ...thought };
  const calls = toolCalls.length === 0 ? {} : { tool_calls: toolCalls };
  return { message: { role: 'assistant', content: text, ...thought, ...calls } };
}

function callsOf({ calls }: Extract<GenerationEvent, { type: 'tool_calls' }>): Fields[] {
  return calls.map((call, index) => ({
    id: `call_lab_${index}`,
    function: { index, name: call.name, arguments: call.arguments },
  }));
}

function finalFields(reason: string, usage: Usage): Fields {
  const counted = {
    total_duration: nanoseconds(usage.totalMs),
    load_duration: nanoseconds(usage.loadMs),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: nanoseconds(usage.promptMs),
    eval_count: usage.evalTokens,
    eval_duration: nanoseconds(usage.evalMs),
  };
  if (reason === 'unload') return { done: true, done_reason: reason };
  return { done: true, done_reason: reason, ...counted };
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
