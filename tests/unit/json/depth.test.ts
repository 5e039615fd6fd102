/** The depth of a JSON text is what a recursive reader of its value finds, whatever strings and escapes it holds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { depthFault, jsonDepth, MAX_JSON_DEPTH } from '#lib/json/depth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
const string = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', '\n', 'é', '🔌') });
const depthOfText = (text: string) => jsonDepth(Buffer.from(text));
const arrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('the depth of a JSON text', () => {
  it('is that of its value', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        string,
        fc.double(),
        fc.constantFrom(null, true),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(string, tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, fc.nat(4), (each, indent) => {
        const text = JSON.stringify(each, null, indent);
        expect(depthOfText(text)).toBe(depthOf(JSON.parse(text)));
      }),
    );
  });

  it('is 0 for a string, whatever stands in it', () => {
    fc.assert(
      fc.property(string, (each) => {
        expect(depthOfText(JSON.stringify(each))).toBe(0);
      }),
    );
    expect(depthOfText(JSON.stringify(arrays(1_000)))).toBe(0);
    expect(depthOfText(String.raw`["\\", "[\"[", "\\\"[["]`)).toBe(1);
    expect(depthOfText(String.raw`"\\"[[`)).toBe(2);
  });

  it('is told of any bytes at all, and a parser never goes deeper', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(fc.constantFrom(...Buffer.from('[]{}",:\\a1 ')), { maxLength: 40 })
        .map((each) => Uint8Array.from(each)),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        const depth = jsonDepth(each);
        expect(depth).toBeGreaterThanOrEqual(0);
        const text = Buffer.from(each).toString('utf8');
        try {
          expect(depthOf(JSON.parse(text))).toBeLessThanOrEqual(depth);
        } catch (thrown) {
          if (!(thrown instanceof SyntaxError)) throw thrown;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the limit', () => {
  it('takes what is at it, and names both depths beyond', () => {
    expect(depthFault(arrays(MAX_JSON_DEPTH))).toBeNull();
    expect(depthFault(arrays(MAX_JSON_DEPTH + 1))).toBe('nested 257 levels deep; at most 256 are allowed');
    expect(depthFault(`{"a":${arrays(2_999)}}`)).toBe('nested 3000 levels deep; at most 256 are allowed');
  });

  it('agrees with the depth, however many brackets there are and of whatever kind', () => {
    const part = fc.constantFrom('[]', '{"a":[]}', '[[[1]]]', '"[[[["', '{"b":{"c":[2]}}', '1');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (parts, limit) => {
        const text = `[${parts.join()}]`;
        expect(depthFault(text, limit) === null).toBe(depthOfText(text) <= limit || text.length <= 2 * limit);
      }),
    );
  });

  it('lets wide texts pass', () => {
    expect(depthFault(`[${Array.from({ length: 10_000 }, () => '{"a":[]}').join()}]`)).toBeNull();
  });
});
