/** What an upstream's answer says to its breaker, and what a transport error says to the client. */
import type { Outcome } from '#lib/breaker/types.ts';
import { type ErrorCode, SwitchgearError } from '#lib/errors.ts';
import type { ResponseHeaders } from '#lib/upstream/call.ts';
import type { CallError } from '#lib/upstream/call-error.ts';

/** A 4xx is the caller's fault and says nothing about the upstream, save 408 and 429. */
export function outcomeOfStatus(status: number, headers: ResponseHeaders, now: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'success' };
  if (status === 408) return { kind: 'failure', failure: 'http_408', message: 'HTTP 408' };
  if (status === 429)
    return withRetryAfter({ kind: 'failure', failure: 'http_429', message: 'HTTP 429' }, headers, now);
  if (status >= 500) {
    return withRetryAfter({ kind: 'failure', failure: 'http_5xx', message: `HTTP ${status}` }, headers, now);
  }
  if (status >= 400) return { kind: 'neutral', answered: true };
  return { kind: 'failure', failure: 'invalid_response', message: `HTTP ${status}` };
}

function withRetryAfter(
  outcome: Outcome & { kind: 'failure' },
  headers: ResponseHeaders,
  now: number,
): Outcome {
  const retryAfterMs = readRetryAfterMs(headers, now);
  return retryAfterMs === null ? outcome : { ...outcome, retryAfterMs };
}

/**
 * Milliseconds until a retry is welcome, from `retry-after-ms`, or `retry-after` in seconds or as an HTTP date
 * (RFC 9110, 10.2.3); null when there is none, or none that can be read.
 */
export function readRetryAfterMs(headers: ResponseHeaders, now: number): number | null {
  const exact = Number.parseFloat(String(headers['retry-after-ms'] ?? ''));
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const text = String(headers['retry-after'] ?? '').trim();
  if (text === '') return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

const CODE_OF_FAILURE: Partial<Record<CallError['failure'], ErrorCode>> = {
  connect: 'upstream_unreachable',
  connect_timeout: 'upstream_unreachable',
  reset: 'upstream_unreachable',
  first_byte_timeout: 'upstream_timeout',
  idle_timeout: 'upstream_timeout',
  total_timeout: 'upstream_timeout',
};

/** The client's view of a call that brought no answer. */
export function errorOfCall(upstream: string, error: CallError): SwitchgearError {
  const code = CODE_OF_FAILURE[error.failure] ?? 'upstream_invalid';
  return new SwitchgearError(code, `Upstream ${upstream}: ${error.message}`, {
    details: { kind: error.failure },
  });
}

export function failureOf(error: CallError): Outcome {
  if (error.blameless === true) return { kind: 'neutral' };
  return { kind: 'failure', failure: error.failure, message: error.message };
}
