/** OpenAI's embeddings over Ollama's `/api/embed`. */

import { inexpressible, numberIn, present } from '#lib/protocols/json.ts';
import type { ClientRequest, Exchange, Json, JsonObject } from '#lib/protocols/types.ts';
import { checkedAnswer, cut, invalid } from '#lib/protocols/upstream-answer.ts';

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
      const vectors = vectorsOf(answer, inputs.length);
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

function vectorsOf(answer: JsonObject, count: number): number[][] {
  const vectors = Array.isArray(answer.embeddings) ? answer.embeddings : [];
  if (vectors.length !== count || !vectors.every(isVector)) {
    throw invalid(`${vectors.length} embeddings for ${count} inputs`);
  }
  return vectors;
}

function isVector(value: Json): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

/** 32-bit floats, little-endian whatever the machine. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}
