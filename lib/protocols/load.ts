/** Ollama's way to load or unload a model: a request with nothing to answer. Other protocols know no such thing. */
import { numberIn, stringIn } from '#lib/protocols/json.ts';
import type { ClientRequest, ExchangeContext, JsonObject } from '#lib/protocols/types.ts';

export function isLoadRequest({ endpoint, body }: ClientRequest): boolean {
  switch (endpoint) {
    case 'ollama.chat':
      return !Array.isArray(body.messages) || body.messages.length === 0;
    case 'ollama.generate':
      return (stringIn(body, 'prompt') ?? '') === '' && !Array.isArray(body.images);
    case 'ollama.embed':
      return body.input === undefined || body.input === null || body.input === '' || isEmpty(body.input);
    case 'ollama.embeddings':
      return (stringIn(body, 'prompt') ?? '') === '';
    default:
      return false;
  }
}

/** What Ollama answers to it. */
export function loadAnswer({ endpoint, model, body }: ClientRequest, context: ExchangeContext): JsonObject {
  if (endpoint === 'ollama.embed') return { model, embeddings: [] };
  if (endpoint === 'ollama.embeddings') return { embedding: [] };
  const unload = numberIn(body, 'keep_alive') === 0 || stringIn(body, 'keep_alive') === '0';
  const said =
    endpoint === 'ollama.chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  return {
    model,
    created_at: new Date(context.now()).toISOString(),
    ...said,
    done: true,
    done_reason: unload ? 'unload' : 'load',
  };
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
