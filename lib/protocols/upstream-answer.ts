/** What an upstream says, read and checked the same way whatever protocol and endpoint it answers on. */
import { SwitchgearError } from '#lib/errors.ts';
import { depthFault } from '#lib/json/depth.ts';
import { messageOf } from '#lib/protocols/errors.ts';
import { isObject } from '#lib/protocols/json.ts';
import type { Json, JsonObject, Usage } from '#lib/protocols/types.ts';

const NANOSECONDS_PER_MS = 1_000_000;

/** @throws SwitchgearError `upstream_invalid` when the body is not JSON, or nested too deep. */
export function parseAnswer(text: string, upstream: string): Json {
  const fault = depthFault(text);
  if (fault !== null)
    throw new SwitchgearError('upstream_invalid', `Upstream ${upstream}: the answer is ${fault}`);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new SwitchgearError('upstream_invalid', `Upstream ${upstream}: the answer is not JSON`, { cause });
  }
}

/** @throws SwitchgearError `upstream_invalid` for what is no object, `upstream_error` for the report of an error. */
export function checkedAnswer(answer: Json): JsonObject {
  if (!isObject(answer)) throw invalid('an answer that is no object');
  return withoutError(answer);
}

/** One event of a stream. @throws SwitchgearError as `checkedAnswer`, and `upstream_invalid` for what is no JSON. */
export function checkedEvent(payload: string): JsonObject {
  const fault = depthFault(payload);
  if (fault !== null) throw invalid(`an event that is ${fault}`);
  let event: Json;
  try {
    event = JSON.parse(payload) as Json;
  } catch (cause) {
    throw new SwitchgearError('upstream_invalid', 'The upstream sent an event that is not JSON', { cause });
  }
  if (!isObject(event)) throw invalid('an event that is no object');
  return withoutError(event);
}

/** Some upstreams report an error where the status said that all was well. */
function withoutError(body: JsonObject): JsonObject {
  if (body.error === undefined || body.error === null) return body;
  throw new SwitchgearError('upstream_error', messageOf(body, '') ?? 'The upstream reported an error');
}

export function cut(): SwitchgearError {
  return new SwitchgearError(
    'upstream_invalid',
    'The upstream ended its stream before the answer was complete',
  );
}

export function invalid(what: string): SwitchgearError {
  return new SwitchgearError('upstream_invalid', `The upstream sent ${what}`);
}

/** What an answer, or the last event of one, says it took: OpenAI's `usage` or Ollama's counts. */
export function usageIn(body: Json | undefined): Usage | null {
  if (!isObject(body)) return null;
  const { usage } = body;
  return isObject(usage)
    ? counted(usage.prompt_tokens, usage.completion_tokens, undefined)
    : counted(body.prompt_eval_count, body.eval_count, body.load_duration);
}

/** @param load nanoseconds */
function counted(input: Json | undefined, output: Json | undefined, load: Json | undefined): Usage | null {
  if (![input, output, load].some((value) => typeof value === 'number')) return null;
  return { input: countOf(input), output: countOf(output), loadMs: countOf(load) / NANOSECONDS_PER_MS };
}

function countOf(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
