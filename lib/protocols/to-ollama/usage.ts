/** Ollama's counts and reasons in OpenAI's words. */
import { numberIn } from '#lib/protocols/json.ts';
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
  const options = body.stream_options;
  return (
    typeof options === 'object' &&
    options !== null &&
    !Array.isArray(options) &&
    options.include_usage === true
  );
}
