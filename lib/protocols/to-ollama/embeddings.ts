/** OpenAI's embeddings over Ollama's `/api/embed`. */

import { inexpressible, numberIn, present } from '#lib/protocols/json.ts';
import type { ClientRequest, Exchange, Json, JsonObject } from '#lib/protocols/types.ts';
import { checkedAnswer, cut } from '#lib/protocols/upstream-answer.ts';
import { numbersOf, rawVectorsIn, toBase64 } from '#lib/protocols/vectors.ts';

/** @throws SwitchgearError `bad_request` for token inputs. */
export function embeddingsOverOllama({ body, model }: ClientRequest): Exchange {
  const inputs = textsOf(body.input);
  const packed = body.encoding_format === 'base64';
  return {
    operation: 'embeddings',
    path: '/api/embed',
    requestBody: present({
      model,
      input: inputs,
      dimensions: body.dimensions,
      truncate: body.truncate,
      options: body.options,
      keep_alive: body.keep_alive,
    }),
    answer(whole) {
      const answer = checkedAnswer(whole);
      const vectors = rawVectorsIn(answer, 'ollama', inputs.length).map(numbersOf);
      const tokens = numberIn(answer, 'prompt_eval_count') ?? 0;
      return {
        object: 'list',
        model,
        data: vectors.map(
          (vector, index): JsonObject => ({
            object: 'embedding',
            index,
            embedding: packed ? toBase64(vector) : vector,
          }),
        ),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    },
    openStream() {
      throw cut();
    },
  };
}

function textsOf(input: Json | undefined): string[] {
  const inputs = Array.isArray(input) ? input : [input ?? ''];
  return inputs.map((each) => {
    if (typeof each === 'string') return each;
    throw inexpressible('input', 'Ollama takes no tokens; send text');
  });
}
