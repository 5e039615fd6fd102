import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameResponse } from '../../../bench/lib/http-framing.ts';

const FIXED = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na;x=1\r\n0123456789\r\n0\r\n\r\n';

describe('frameResponse', () => {
  it('ends a fixed body after its length', () => {
    expect(frameResponse(`${FIXED}HTTP/1.1 200`)).toEqual({
      status: 200,
      length: FIXED.length,
      closes: false,
    });
  });

  it('ends a chunked body after its last chunk', () => {
    expect(frameResponse(`${CHUNKED}more`)).toEqual({ status: 503, length: CHUNKED.length, closes: false });
  });

  it('sees that the connection closes', () => {
    const closing = FIXED.replace('OK\r\n', 'OK\r\nConnection: close\r\n');
    expect(frameResponse(closing)).toMatchObject({ closes: true });
  });

  it('is null for every beginning of an answer', () => {
    fc.assert(
      fc.property(fc.constantFrom(FIXED, CHUNKED), fc.nat(), (whole, cut) => {
        expect(frameResponse(whole.slice(0, cut % whole.length))).toBeNull();
      }),
    );
  });

  it('refuses what has no length, and what is not HTTP', () => {
    expect(() => frameResponse('HTTP/1.1 200 OK\r\n\r\n')).toThrow('without a length');
    expect(() => frameResponse('SSH-2.0-x\r\n\r\n')).toThrow('not an HTTP');
  });
});
