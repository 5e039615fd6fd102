/** OpenAI's completions of several prompts in one call: `prompt` may be a list, and `choices` come back by index. */
import { SwitchgearError } from '#lib/errors.ts';
import { isObject, numberIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import type { ClientRequest, Json, JsonObject, Protocol, Usage } from '#lib/protocols/types.ts';
import { checkedAnswer, invalid, usageIn } from '#lib/protocols/upstream-answer.ts';
import { tokensPerItem } from '#lib/protocols/vectors.ts';

/** The prompt of a request that can share its call; null when it cannot. */
export function mergeablePrompt(
  { endpoint, stream, body }: ClientRequest,
  protocol: Protocol,
): string | null {
  if (endpoint !== 'openai.completions' || protocol !== 'openai' || stream) return null;
  const isOne = (value: Json | undefined) => value === undefined || value === null || value === 1;
  const prompt = stringIn(body, 'prompt');
  return prompt !== null && isOne(body.n) && isOne(body.best_of) ? prompt : null;
}

export interface DealtAnswer {
  readonly body: JsonObject;
  readonly usage: Usage | null;
}

/**
 * The answer of each prompt, as if it had been asked alone; counts are dealt by length, and their sums are the call's.
 * @throws SwitchgearError `upstream_invalid` unless every prompt has exactly one choice
 */
export function dealt(whole: Json, prompts: readonly string[]): DealtAnswer[] {
  const answer = checkedAnswer(whole);
  const choices = objectsIn(answer, 'choices');
  if (choices.length !== prompts.length)
    throw invalid(`${choices.length} choices for ${prompts.length} prompts`);
  const byIndex = new Map(choices.map((choice, at) => [numberIn(choice, 'index') ?? at, choice]));
  const ordered = prompts.map((_, at) => {
    const choice = byIndex.get(at);
    if (choice === undefined)
      throw invalid(`choices for ${prompts.length} prompts without one for prompt ${at}`);
    return choice;
  });
  const usage = usageIn(answer);
  const input = tokensPerItem(usage?.input ?? 0, prompts);
  const output = tokensPerItem(
    usage?.output ?? 0,
    ordered.map((choice) => stringIn(choice, 'text') ?? ''),
  );
  return ordered.map((choice, at) => {
    const [prompt_tokens, completion_tokens] = [input[at] ?? 0, output[at] ?? 0];
    const own = isObject(answer.usage)
      ? { usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens } }
      : {};
    return {
      body: { ...answer, choices: [{ ...choice, index: 0 }], ...own },
      usage:
        usage === null ? null : { input: prompt_tokens, output: completion_tokens, loadMs: usage.loadMs },
    };
  });
}

export function withPrompts(body: JsonObject, prompts: readonly string[]): JsonObject {
  if (prompts.length === 0) throw new SwitchgearError('internal', 'a batch without prompts');
  return { ...body, prompt: [...prompts] };
}
