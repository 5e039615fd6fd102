import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVarint, writeVarint } from '#lib/stats/varint.ts';

describe('a variable-length integer', () => {
  it('is read as it was written, one after another', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (values) => {
        const bytes: number[] = [];
        for (const value of values) writeVarint(bytes, value);
        const cursor = { at: 0 };
        const packed = Uint8Array.from(bytes);
        expect(values.map(() => readVarint(packed, cursor))).toEqual(values);
        expect(cursor.at).toBe(bytes.length);
      }),
    );
  });

  it('ends where the bytes end', () => {
    expect(readVarint(Uint8Array.of(0xff, 0xff), { at: 0 })).toBe(0x3fff);
  });
});
