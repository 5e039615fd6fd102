/** What goes out once more when its connection was lost before any byte of an answer. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CallRequest } from '#lib/upstream/call.ts';
import { isLoss, mayRepeat } from '#lib/upstream/repeat.ts';

const call = (method: CallRequest['method'], body: CallRequest['body'] = null): CallRequest => ({
  method,
  path: '/',
  headers: [],
  body,
});

describe('a call whose connection was lost', () => {
  it.each(['POST', 'PUT', 'DELETE'] as const)('%s: only when nobody can have seen it', (method) => {
    for (const wasKept of [true, false])
      for (const isAtOnce of [true, false])
        expect(mayRepeat(call(method, '{}'), { wasKept, isAtOnce })).toBe(wasKept && isAtOnce);
  });

  it.each(['GET', 'HEAD'] as const)('%s: always, for it changes nothing', (method) => {
    for (const wasKept of [true, false])
      for (const isAtOnce of [true, false]) expect(mayRepeat(call(method), { wasKept, isAtOnce })).toBe(true);
  });

  it('never when its body was a stream, which is gone', () => {
    const body = Readable.from(['x']);
    for (const method of ['POST', 'GET'] as const)
      expect(mayRepeat(call(method, body), { wasKept: true, isAtOnce: true })).toBe(false);
  });

  it('is told from one that failed otherwise', () => {
    expect(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].every(isLoss)).toBe(true);
    expect(['ECONNREFUSED', 'UND_ERR_DESTROYED', 'HPE_INVALID_CONSTANT', 'AbortError'].some(isLoss)).toBe(
      false,
    );
  });
});
