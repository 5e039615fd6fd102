import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheEntry, decodeEntry, encodeEntry } from '#lib/cache/entry.ts';
import { entryOf } from './support.ts';

const entries = fc.record({
  key: fc.string(),
  cache: fc.string(),
  model: fc.string(),
  storedAtMs: fc.nat(),
  ttlMs: fc.nat(),
  costMs: fc.nat(),
  tokensIn: fc.nat(),
  tokensOut: fc.nat(),
  counted: fc.boolean(),
  value: fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes)),
}) satisfies fc.Arbitrary<CacheEntry>;

describe('the form of an entry in a shared store', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
      }),
    );
  });

  it('any changed byte, and any cut, is noticed', () => {
    const entry = entryOf({ value: Buffer.from('abc'.repeat(100)) });
    const bytes = encodeEntry(entry);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const wrong = Buffer.from(bytes);
        wrong[at] = (wrong[at] ?? 0) ^ change;
        // The version and the kind of compression are not under the checksum, but say themselves that they are wrong.
        const read = decodeEntry(wrong);
        if (at === 3) expect(read).toBe('foreign');
        else if (at === 4) expect(read === null || typeof read === 'object').toBe(true);
        else expect(read).toBeNull();
      }),
    );
    fc.assert(fc.property(fc.nat(bytes.length - 1), (end) => decodeEntry(bytes.subarray(0, end)) === null));
  });

  it('is compressed from 1 KB', () => {
    const size = (length: number) => encodeEntry(entryOf({ value: Buffer.alloc(length, 'a') })).length;
    expect(size(100)).toBeGreaterThan(100);
    expect(size(100_000)).toBeLessThan(1_000);
  });

  it('is nothing when it is of no kind known here', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('{"json":true}'), Buffer.alloc(100)])
      expect(decodeEntry(bytes)).toBeNull();
  });
});
