/** OpenAI's chat messages and tools in Ollama's form. */
import { depthFault } from '#lib/json/depth.ts';
import { inexpressible, isObject, objectIn, objectsIn, present, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

const ROLES = new Map([
  ['developer', 'system'],
  ['function', 'tool'],
]);

/** @throws SwitchgearError `bad_request` for parts that Ollama does not take: remote images, audio, files. */
export function messagesForOllama(body: JsonObject): JsonObject[] {
  /** Ollama names the tool whose result it is; OpenAI names the call. */
  const toolNames = new Map<string, string>();
  return objectsIn(body, 'messages').map((message, at) => {
    const role = stringIn(message, 'role') ?? 'user';
    const calls = toolCalls(message, at);
    for (const call of calls) {
      const name = objectIn(call, 'function')?.name;
      if (typeof call.id === 'string' && typeof name === 'string') toolNames.set(call.id, name);
    }
    const { text, images } = contentOf(message.content, `messages[${at}].content`);
    const callId = stringIn(message, 'tool_call_id');
    return present({
      role: ROLES.get(role) ?? role,
      content: text,
      images: images.length === 0 ? undefined : images,
      thinking: message.reasoning_content ?? message.reasoning,
      tool_calls: calls.length === 0 ? undefined : calls,
      tool_call_id: callId,
      tool_name: role === 'function' ? message.name : callId === null ? undefined : toolNames.get(callId),
    });
  });
}

/** `tools`, narrowed by `tool_choice`: none drops them, a named one stays alone. Ollama cannot be forced to call one. */
export function toolsForOllama(body: JsonObject): JsonObject[] | undefined {
  const tools = objectsIn(body, 'tools');
  if (tools.length === 0 || body.tool_choice === 'none') return undefined;
  const chosen = objectIn(body, 'tool_choice');
  if (chosen === null) return tools;
  const name = objectIn(chosen, 'function')?.name;
  const named = tools.filter((tool) => objectIn(tool, 'function')?.name === name);
  if (named.length === 0) throw inexpressible('tool_choice', 'must be one of the tools of the request');
  return named;
}

function toolCalls(message: JsonObject, at: number): JsonObject[] {
  return objectsIn(message, 'tool_calls').map((call, index) => {
    const field = `messages[${at}].tool_calls[${index}].function.arguments`;
    const called = objectIn(call, 'function') ?? {};
    return present({
      id: call.id,
      function: { name: called.name ?? '', arguments: parseArguments(called.arguments, field) },
    });
  });
}

function parseArguments(written: Json | undefined, field: string): JsonObject {
  if (isObject(written)) return written;
  if (typeof written !== 'string' || written.trim() === '') return {};
  const fault = depthFault(written);
  if (fault !== null) throw inexpressible(field, `is ${fault}`);
  let parsed: Json = null;
  try {
    parsed = JSON.parse(written) as Json;
  } catch {
    // Told below, together with JSON that is no object.
  }
  if (!isObject(parsed)) throw inexpressible(field, 'must be a JSON object, written as a string');
  return parsed;
}

function contentOf(content: Json | undefined, field: string): { text: string; images: string[] } {
  if (typeof content === 'string') return { text: content, images: [] };
  const texts: string[] = [];
  const images: string[] = [];
  for (const [at, part] of (Array.isArray(content) ? content : []).entries()) {
    if (!isObject(part)) continue;
    if (part.type === 'text' || part.type === 'refusal') texts.push(String(part[part.type] ?? ''));
    else if (part.type === 'image_url') images.push(imageOf(part, `${field}[${at}].image_url.url`));
    else
      throw inexpressible(
        `${field}[${at}].type`,
        'an Ollama upstream takes parts of type text and image_url',
      );
  }
  return { text: texts.join('\n'), images };
}

/** Only images that travel with the request: the gateway fetches nothing on a client's word. */
function imageOf(part: JsonObject, field: string): string {
  const image = part.image_url;
  const url = isObject(image) ? stringIn(image, 'url') : image;
  const data = typeof url === 'string' ? /^data:[^,]*;base64,(.+)$/s.exec(url)?.[1] : undefined;
  if (data === undefined)
    throw inexpressible(field, 'an Ollama upstream takes images as data:…;base64,… only');
  return data;
}
