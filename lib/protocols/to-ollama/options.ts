/** OpenAI's sampling parameters as Ollama's `options`, `format` and `think`. */
import { inexpressible, isObject, numberIn, objectIn, present, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

/** `options` and `keep_alive` of the request pass too, so that an OpenAI client can reach what only Ollama has. */
export function modelSettings(body: JsonObject): JsonObject {
  const options = present({
    temperature: body.temperature,
    top_p: body.top_p,
    seed: body.seed,
    presence_penalty: body.presence_penalty,
    frequency_penalty: body.frequency_penalty,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop,
    num_predict: body.max_completion_tokens ?? body.max_tokens,
    ...objectIn(body, 'options'),
  });
  return present({
    options: Object.keys(options).length === 0 ? undefined : options,
    keep_alive: body.keep_alive,
  });
}

/** @throws SwitchgearError `bad_request` for what Ollama has no word for. */
export function refuseInexpressible(body: JsonObject): void {
  for (const field of ['n', 'best_of']) {
    if ((numberIn(body, field) ?? 1) > 1)
      throw inexpressible(field, 'an Ollama upstream gives one answer a request');
  }
  const bias = objectIn(body, 'logit_bias');
  if (bias !== null && Object.keys(bias).length > 0) {
    throw inexpressible('logit_bias', 'an Ollama upstream takes no token biases');
  }
  if (Array.isArray(body.modalities) && body.modalities.some((each) => each !== 'text')) {
    throw inexpressible('modalities', 'an Ollama upstream answers with text only');
  }
}

/** `response_format` as `format`: undefined for plain text. */
export function formatOf(body: JsonObject): Json | undefined {
  const wanted = objectIn(body, 'response_format');
  if (wanted === null) return body.format;
  switch (wanted.type) {
    case 'json_object':
      return 'json';
    case 'json_schema': {
      const schema = objectIn(wanted, 'json_schema')?.schema;
      if (!isObject(schema))
        throw inexpressible('response_format.json_schema.schema', 'a JSON schema is needed');
      return schema;
    }
    case 'text':
      return undefined;
    default:
      throw inexpressible('response_format.type', 'must be "text", "json_object" or "json_schema"');
  }
}

const EFFORTS = new Map<string, Json>(
  Object.entries({
    none: false,
    minimal: 'low',
    low: 'low',
    medium: 'medium',
    high: 'high',
    xhigh: 'high',
  }),
);

/** `reasoning_effort` (or `reasoning.effort`, or Ollama's own `think`) as `think`. */
export function thinkOf(body: JsonObject): Json | undefined {
  if (body.think !== undefined && body.think !== null) return body.think;
  const reasoning = objectIn(body, 'reasoning');
  const effort =
    stringIn(body, 'reasoning_effort') ?? (reasoning === null ? null : stringIn(reasoning, 'effort'));
  if (effort === null) return undefined;
  const think = EFFORTS.get(effort);
  if (think === undefined) {
    throw inexpressible(
      'reasoning_effort',
      `"${effort.slice(0, 40)}" is not allowed; ${[...EFFORTS.keys()].join(', ')}`,
    );
  }
  return think;
}
