/** Transport errors sorted by what failed. */
import type { FailureKind } from '#lib/breaker/types.ts';

export interface CallError {
  failure: FailureKind;
  message: string;
  /** The upstream was not to blame: its client did not read, or we closed the connection. */
  blameless?: boolean;
}

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/**
 * Sorts a transport error. Its text names no address: addresses of upstreams are not the client's business.
 * @param wasConnected whether the call had got a connection
 */
export function describe(error: Error, wasConnected: boolean, answered: boolean): CallError {
  const code = codeOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return { failure: 'connect_timeout', message: 'connection timed out' };
  if (CONNECT_CODES.has(code) || code.startsWith('ERR_TLS') || code.includes('CERT')) {
    return { failure: 'connect', message: `connection failed (${code})` };
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { failure: 'invalid_response', message: `the answer is not HTTP (${code})` };
  }
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
    return { failure: 'reset', message: 'the upstream was closed', blameless: true };
  }
  if (code === 'UND_ERR_INVALID_ARG')
    return { failure: 'invalid_response', message: 'the call could not be sent' };
  if (!wasConnected) return { failure: 'connect', message: `connection failed (${code})` };
  return answered
    ? { failure: 'cut', message: `the answer was cut (${code})` }
    : { failure: 'reset', message: `the connection was closed before an answer (${code})` };
}

/** The system's or undici's word for it. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
