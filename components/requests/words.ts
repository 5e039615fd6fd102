/** Error codes, refusals and failures in words. */
import type { z } from 'zod';
import type { errorSchema } from '#lib/contracts/errors.ts';
import type { Span, Stage } from '#lib/contracts/requests.ts';

type ErrorCode = z.output<typeof errorSchema>['error']['code'];

const ERRORS: Record<ErrorCode, string> = {
  bad_request: 'The request had a field that is not allowed.',
  invalid_json: 'The request was not valid JSON.',
  unauthorized: 'The request had no valid key.',
  forbidden: 'The request is not allowed here.',
  not_found: 'There is nothing at that path.',
  model_not_found: 'No upstream serves that model.',
  method_not_allowed: 'That path does not take this method.',
  request_timeout: 'The client took too long to send the request.',
  client_too_slow: 'The client read its answer so slowly that others would have had to wait.',
  conflict: 'The request did not fit the present state.',
  body_too_large: 'The request was larger than limits.body_mb.',
  unsupported_media_type: 'The request was not sent as plain JSON.',
  unprocessable: 'The request could not be carried out.',
  queue_full: 'The queue for a connection was full, or the wait was over.',
  rate_limit_exceeded: 'Too many wrong tokens came from that address.',
  headers_too_large: 'The request had too many headers.',
  client_closed: 'The client left before it had its answer.',
  internal: 'Switchgear itself failed; its log says why.',
  upstream_unreachable: 'The upstream could not be reached.',
  upstream_invalid: 'The upstream answered with something that is no answer.',
  upstream_error: 'The upstream failed in the middle of its answer.',
  circuit_open: 'Every breaker on the way was open, so nothing was sent.',
  overloaded: 'The requests and answers of all clients together filled the memory set aside for them.',
  not_ready: 'Switchgear was not ready yet.',
  shutting_down: 'Switchgear was shutting down.',
  upstream_timeout: 'The upstream did not answer in time.',
};

/** What an error code means; the code itself where it is not known. */
export function errorInWords(code: string): string {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : code.replaceAll('_', ' ');
}

const OUTCOMES: Record<string, string> = {
  ok: 'ok',
  running: 'not ended',
  open: 'refused, breaker open',
  half_open_full: 'refused, all probes taken',
  ramping: 'refused, callers are let in by and by',
  held_open: 'refused, breaker held open',
  shut_down: 'refused, shutting down',
  connect: 'could not connect',
  connect_timeout: 'connecting took too long',
  reset: 'connection reset',
  first_byte_timeout: 'first byte too late',
  idle_timeout: 'fell silent',
  total_timeout: 'took too long',
  http_5xx: 'failed, HTTP 5xx',
  invalid_response: 'no valid answer',
  client_closed: 'client left',
  hit: 'hit',
  miss: 'not there',
  stale: 'served late',
  coalesced: 'waited for another request’s call',
};

export function outcomeInWords(outcome: string): string {
  const http = /^http_(\d+)$/.exec(outcome)?.[1];
  if (http !== undefined) return `HTTP ${http}`;
  return OUTCOMES[outcome] ?? outcome.replaceAll('_', ' ');
}

const STAGES: Record<Stage, string> = {
  read: 'read request',
  cache: 'look into cache',
  queue: 'wait for a connection',
  batch: 'wait for a batch',
  breaker: 'breaker',
  upstream: 'call',
};

/** What a span is: several calls are counted, since each but the first is a retry. */
export function stageInWords(span: Span, spans: readonly Span[]): string {
  const same = spans.filter(({ stage }) => stage === span.stage);
  if (span.stage !== 'upstream' || same.length < 2) return STAGES[span.stage];
  return `call ${same.indexOf(span) + 1} of ${same.length}`;
}
