/** Ollama's messages, options and format in OpenAI's form. */
import { isObject, numberIn, objectIn, objectsIn, present, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

/**
 * Options with a counterpart. The others set how Ollama's own runner loads and samples (`num_ctx`, `num_gpu`,
 * `mirostat`, `top_k`, …) and have no place in OpenAI's API, which refuses fields that it does not know.
 */
export function settingsForOpenai(body: JsonObject): JsonObject {
  const options = objectIn(body, 'options') ?? {};
  const limit = numberIn(options, 'num_predict');
  return present({
    temperature: options.temperature,
    top_p: options.top_p,
    seed: options.seed,
    presence_penalty: options.presence_penalty,
    frequency_penalty: options.frequency_penalty,
    stop: options.stop,
    // Ollama's -1 and -2 mean "without end" and "to the end of the context".
    max_tokens: limit !== null && limit > 0 ? limit : undefined,
    response_format: responseFormat(body.format),
    reasoning_effort: typeof body.think === 'string' ? body.think : undefined,
  });
}

export function streamSettings(stream: boolean): JsonObject {
  return stream ? { stream: true, stream_options: { include_usage: true } } : { stream: false };
}

export function messagesForOpenai(body: JsonObject): JsonObject[] {
  /** Calls whose results have not been seen: Ollama's results name the tool, OpenAI's the call. */
  const open: { id: string; name: Json }[] = [];
  return objectsIn(body, 'messages').map((message, at) => {
    const calls = objectsIn(message, 'tool_calls').map((call, index) =>
      toolCall(call, `call_${at}_${index}`),
    );
    for (const call of calls)
      open.push({ id: String(call.id), name: objectIn(call, 'function')?.name ?? null });
    return present({
      role: message.role,
      content: contentOf(stringIn(message, 'content') ?? '', message.images),
      tool_calls: calls.length === 0 ? undefined : calls,
      tool_call_id: message.role === 'tool' ? callAnswered(message, open) : undefined,
    });
  });
}

/** Text alone, or text and images as parts. */
export function contentOf(text: string, images: Json | undefined): Json {
  if (!Array.isArray(images) || images.length === 0) return text;
  const pictures = images.map((image): JsonObject => {
    const data = String(image);
    return { type: 'image_url', image_url: { url: `data:${mediaTypeOf(data)};base64,${data}` } };
  });
  return text === '' ? pictures : [{ type: 'text', text }, ...pictures];
}

function toolCall(call: JsonObject, id: string): JsonObject {
  const called = objectIn(call, 'function') ?? {};
  return {
    id: stringIn(call, 'id') ?? id,
    type: 'function',
    function: { name: called.name ?? '', arguments: JSON.stringify(called.arguments ?? {}) },
  };
}

/** The call that a tool's result answers: the one it names, else the oldest open one of that tool. */
function callAnswered(message: JsonObject, open: { id: string; name: Json }[]): string {
  const named = stringIn(message, 'tool_call_id');
  const name = stringIn(message, 'tool_name') ?? stringIn(message, 'name');
  const at = open.findIndex((call) =>
    named !== null ? call.id === named : name === null || call.name === name,
  );
  const [found] = at === -1 ? [] : open.splice(at, 1);
  return named ?? found?.id ?? `call_${name ?? 'unknown'}`;
}

function responseFormat(format: Json | undefined): JsonObject | undefined {
  if (format === 'json') return { type: 'json_object' };
  if (!isObject(format)) return undefined;
  return { type: 'json_schema', json_schema: { name: 'answer', schema: format } };
}

/** By the first bytes of the picture, as they look in base64. */
const MEDIA_TYPES: readonly [string, string][] = [
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

function mediaTypeOf(base64: string): string {
  return MEDIA_TYPES.find(([prefix]) => base64.startsWith(prefix))?.[1] ?? 'image/png';
}
