import { openExchange } from '#lib/protocols/exchange.ts';
import { parseRequest } from '#lib/protocols/requests.ts';
import type {
  Endpoint,
  Exchange,
  ExchangeContext,
  Json,
  JsonObject,
  Protocol,
} from '#lib/protocols/types.ts';

export const ID = '0123456789abcdef0123456789abcdef';

/** A clock that moves 5 ms each time it is read. */
export function contextOf(): ExchangeContext {
  let ms = 0;
  return { id: ID, now: () => Date.UTC(2026, 0, 1), monotonicMs: () => (ms += 5) };
}

export function exchangeOf(endpoint: Endpoint, protocol: Protocol, body: JsonObject): Exchange {
  return openExchange(parseRequest(endpoint, { model: 'm', ...body }), protocol, contextOf());
}

export function sentBy(endpoint: Endpoint, protocol: Protocol, body: JsonObject): JsonObject {
  const sent = exchangeOf(endpoint, protocol, body).requestBody;
  if (sent === null) throw new Error('the bytes pass unchanged');
  return sent;
}

/** All that an exchange makes of upstream events, as parsed objects; `[DONE]` as a string. */
export function streamed(exchange: Exchange, events: readonly Json[]): Json[] {
  const stream = exchange.openStream();
  const text = events
    .map((event) => stream.push(typeof event === 'string' ? event : JSON.stringify(event)))
    .join('');
  return (text + stream.finish())
    .split('\n')
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line !== '')
    .map((line) => (line === '[DONE]' ? line : (JSON.parse(line) as Json)));
}
