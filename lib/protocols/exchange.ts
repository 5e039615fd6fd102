/** Chooses how a client's call is carried over an upstream's protocol. */
import { identity, openaiPassthrough } from '#lib/protocols/passthrough.ts';
import { chatOverOllama } from '#lib/protocols/to-ollama/chat.ts';
import { completionsOverOllama } from '#lib/protocols/to-ollama/completions.ts';
import { embeddingsOverOllama } from '#lib/protocols/to-ollama/embeddings.ts';
import { askingForUsage, wantsUsage } from '#lib/protocols/to-ollama/usage.ts';
import { chatOverOpenai } from '#lib/protocols/to-openai/chat.ts';
import { embedOverOpenai, legacyEmbedOverOpenai } from '#lib/protocols/to-openai/embed.ts';
import { generateOverOpenai } from '#lib/protocols/to-openai/generate.ts';
import type { ClientRequest, Exchange, ExchangeContext, Protocol } from '#lib/protocols/types.ts';

export { isLoadRequest, loadAnswer } from '#lib/protocols/load.ts';

/** @throws SwitchgearError `bad_request` when the upstream's protocol cannot express the request. */
export function openExchange(request: ClientRequest, protocol: Protocol, context: ExchangeContext): Exchange {
  const native = protocol === 'openai';
  const isUncounted = !wantsUsage(request.body);
  const extra = {
    dropsUsage: context.shared === true && isUncounted,
    requestBody:
      context.asksForCounts === true && request.stream && isUncounted ? askingForUsage(request.body) : null,
  };
  switch (request.endpoint) {
    case 'openai.chat':
      return native
        ? openaiPassthrough('chat', '/chat/completions', `chatcmpl-${context.id}`, extra)
        : chatOverOllama(request, context);
    case 'openai.completions':
      return native
        ? openaiPassthrough('completions', '/completions', `cmpl-${context.id}`, extra)
        : completionsOverOllama(request, context);
    case 'openai.embeddings':
      return native ? identity('embeddings', '/embeddings') : embeddingsOverOllama(request);
    case 'ollama.chat':
      return native ? chatOverOpenai(request, context) : identity('chat', '/api/chat');
    case 'ollama.generate':
      return native ? generateOverOpenai(request, context) : identity('completions', '/api/generate');
    case 'ollama.embed':
      return native ? embedOverOpenai(request, context) : identity('embeddings', '/api/embed');
    case 'ollama.embeddings':
      return native ? legacyEmbedOverOpenai(request) : identity('embeddings', '/api/embeddings');
    default:
      return request.endpoint satisfies never;
  }
}
