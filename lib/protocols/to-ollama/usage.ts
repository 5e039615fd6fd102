/** Ollama's counts and reasons in OpenAI's words. */
import { numberIn, objectIn } from '#lib/protocols/json.ts';
import type { JsonObject } from '#lib/protocols/types.ts';

/** Ollama leaves `prompt_eval_count` out when the whole prompt came from its cache. */
export function usageOf(answer: JsonObject): JsonObject {
  const prompt = numberIn(answer, 'prompt_eval_count') ?? 0;
  const completion = numberIn(answer, 'eval_count') ?? 0;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

export function finishReasonOf(answer: JsonObject, calledTools: boolean): string {
  if (calledTools) return 'tool_calls';
  return answer.done_reason === 'length' ? 'length' : 'stop';
}

/** Whether the client asked for the extra chunk with the counts. */
export function wantsUsage(body: JsonObject): boolean {
  return objectIn(body, 'stream_options')?.include_usage === true;
}

/** The same request, asking for it. */
export function askingForUsage(body: JsonObject): JsonObject {
  return { ...body, stream_options: { ...objectIn(body, 'stream_options'), include_usage: true } };
}
