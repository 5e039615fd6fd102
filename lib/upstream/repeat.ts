/**
 * Whether a call goes out once more, over a new connection, when its own was lost before any byte of an answer. A
 * server closes idle connections when it likes, and a request that crosses with that is lost without having been seen;
 * nobody is to blame. What may have been worked on is not sent again: it was seen by a server that took its time, or on
 * a connection that was new, unless to do it twice is to do it once (RFC 9110, 9.2.2).
 */
import { Readable } from 'node:stream';
import type { CallRequest } from '#lib/upstream/call.ts';

/** A request that nobody has seen is told so by the next packet; one that was worked on takes longer. */
export const AT_ONCE_MS = 100;

/** What is read only; of others, a server may answer a second one differently. */
const SAFE = new Set<CallRequest['method']>(['GET', 'HEAD']);
/** Of Node and undici for a connection that was there and is gone. */
const LOSSES = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET']);

export function isLoss(code: string): boolean {
  return LOSSES.has(code);
}

/** How a connection was lost before any byte of an answer. */
export interface Loss {
  /** Whether it had carried other calls before. */
  readonly wasKept: boolean;
  /** Within `AT_ONCE_MS` of the request. */
  readonly isAtOnce: boolean;
}

export function mayRepeat({ method, body }: CallRequest, { wasKept, isAtOnce }: Loss): boolean {
  if (body instanceof Readable) return false;
  return SAFE.has(method) || (wasKept && isAtOnce);
}
