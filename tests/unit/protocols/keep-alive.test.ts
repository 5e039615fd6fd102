import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepAliveIn, keepAliveMs } from '#lib/protocols/keep-alive.ts';

describe('keep_alive', () => {
  it.each([
    [0, 0],
    [30, 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['10s', 10_000],
    [' 2 ', 2_000],
    [-1, Number.POSITIVE_INFINITY],
    ['-1m', Number.POSITIVE_INFINITY],
    ['soon', Number.NaN],
    [true, Number.NaN],
  ])('%j is %d ms', (given, ms) => {
    expect(keepAliveMs(given)).toBe(ms);
  });

  it('is found in a body without parsing it, text or bytes', () => {
    const body = JSON.stringify({ model: 'm', keep_alive: '10s', messages: [] });
    expect(keepAliveIn(body)).toBe(10_000);
    expect(keepAliveIn(Buffer.from(body))).toBe(10_000);
    expect(keepAliveIn('{"keep_alive": 0}')).toBe(0);
    expect(keepAliveIn('{"model":"m"}')).toBeNull();
    expect(keepAliveIn('{"keep_alive":null}')).toBeNull();
    expect(keepAliveIn('{"keep_alive":"soon"}')).toBeNull();
  });

  it('is not found in what somebody says', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const content = `${text}"keep_alive": 5${text}`;
        expect(keepAliveIn(JSON.stringify({ messages: [{ content }] }))).toBeNull();
      }),
    );
  });
});
