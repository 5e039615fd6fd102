/** What the mock upstream says, and the model names that choose it. */

export interface StreamPlan {
  /** Infinity for one that ends only when it is cancelled. */
  tokens: number;
  /** Between two tokens; the first one is sent at once. */
  gapMs: number;
}

/** The content of the one choice of `ANSWER`. */
export const ANSWER_TEXT = 'A switchgear protects a network: it opens before the fault spreads.';

/** About 300 bytes. */
export const ANSWER = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_750_000_000,
  model: 'bench-fixed',
  choices: [
    { index: 0, message: { role: 'assistant', content: ANSWER_TEXT }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 14, total_tokens: 26 },
});

export const STREAM_TOKEN = chunkOf({ role: 'assistant', content: 'token ' }, null);
export const STREAM_END = `${chunkOf({}, 'stop')}data: [DONE]\n\n`;

/**
 * `bench-fixed` is the fixed answer, `bench-stream-TOKENSxGAP` a stream of so many tokens that many ms apart, and
 * `bench-endless-LABEL` a stream without an end, counted under its own name.
 *
 * @returns null for any other name
 */
export function parseModel(model: string): 'fixed' | StreamPlan | null {
  if (model.startsWith('bench-fixed')) return 'fixed';
  if (model.startsWith('bench-endless-')) return { tokens: Number.POSITIVE_INFINITY, gapMs: 50 };
  const match = /^bench-stream-(\d+)x(\d+)$/.exec(model);
  return match === null ? null : { tokens: Number(match[1]), gapMs: Number(match[2]) };
}

function chunkOf(delta: object, finishReason: string | null): string {
  const chunk = {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_750_000_000,
    model: 'bench-stream',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
