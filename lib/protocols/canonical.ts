/**
 * The form of an upstream request that two requests share exactly when they ask for the same answer: sorted, without
 * what does not change an answer, whichever surface it came through.
 */
import { isObject } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

/** They say how an answer is delivered, kept or billed, not what it is. */
const NOT_ANSWER_CHANGING = new Set([
  'keep_alive',
  'metadata',
  'prompt_cache_key',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'user',
]);

/** Models write objects in the order of their schema, so that order stays. */
const ORDER_MATTERS = new Set(['format', 'json_schema', 'parameters', 'schema']);

/** Values of OpenAI's that are the same as leaving the field out. */
const DEFAULTS: Readonly<Record<string, Json>> = { n: 1, best_of: 1, echo: false, logprobs: false };

export function canonicalRequest(body: JsonObject): string {
  const kept = bare();
  for (const [name, value] of Object.entries(body)) {
    if (NOT_ANSWER_CHANGING.has(name) || isNothing(value) || DEFAULTS[name] === value) continue;
    if (name === 'max_completion_tokens') kept.max_tokens = value;
    else if (name === 'stop') kept.stop = typeof value === 'string' ? [value] : value;
    else if (name === 'messages' && Array.isArray(value)) kept.messages = value.map(message);
    else kept[name] = value;
  }
  return JSON.stringify(sorted(kept));
}

/** A message whose content is one text part says the same as the text alone; fields that are null say nothing. */
function message(given: Json): Json {
  if (!isObject(given)) return given;
  const kept = bare();
  for (const [name, value] of Object.entries(given)) if (!isNothing(value)) kept[name] = value;
  const [part, ...more] = Array.isArray(given.content) ? given.content : [];
  if (more.length === 0 && isObject(part) && part.type === 'text' && typeof part.text === 'string')
    kept.content = part.text;
  return kept;
}

function isNothing(value: Json | undefined): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Without a prototype, `__proto__` is a field like any other. */
function bare(): JsonObject {
  return Object.create(null);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(
    names.map((name) => {
      const inner = value[name] ?? null;
      return [name, ORDER_MATTERS.has(name) ? inner : sorted(inner)];
    }),
  );
}
