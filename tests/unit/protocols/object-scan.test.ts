import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObjectScan, type ScanOptions } from '#lib/protocols/object-scan.ts';

const OPTIONS: ScanOptions = {
  watched: new Set(['usage', 'error', 'id']),
  replaced: { name: 'id', value: '"ours"' },
};

/** What is sent on of bytes that come in pieces which end at `cuts`. */
function scan(bytes: Buffer, cuts: readonly number[], options = OPTIONS): { sent: string; scan: ObjectScan } {
  const one = new ObjectScan(options);
  const out: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts].filter((each) => each <= bytes.length).sort((a, b) => a - b)) {
    out.push(...one.push(bytes.subarray(from, cut)));
    from = cut;
  }
  out.push(...one.push(bytes.subarray(from)));
  one.end();
  return { sent: Buffer.concat(out).toString(), scan: one };
}

const cuts = fc.array(fc.nat(400), { maxLength: 30 });
const name = fc.oneof(fc.constantFrom('id', 'usage', 'error', 'choices', 'a'), fc.string());
const object = fc.dictionary(name, fc.jsonValue(), { maxKeys: 6, noNullPrototype: true });
const spaces = fc.constantFrom(undefined, 1, '\t');

describe('an object that streams by', () => {
  it('is the same save for what is replaced, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(object, spaces, cuts, (value, space, at) => {
        const text = JSON.stringify(value, null, space);
        const { sent, scan: one } = scan(Buffer.from(text), at);
        const expected = JSON.parse(text);
        if (Object.hasOwn(expected, 'id')) expected.id = 'ours';
        expect(JSON.parse(sent)).toEqual(expected);
        for (const [each, json] of one.kept) expect(JSON.parse(json)).toEqual(JSON.parse(text)[each]);
        for (const each of ['usage', 'error']) expect(one.kept.has(each)).toBe(Object.hasOwn(expected, each));
      }),
      { numRuns: 500 },
    );
  });

  it('is refused at each of its beginnings, and with something behind it', () => {
    const text = JSON.stringify({ a: [1, { b: 'x\\"}' }], id: 'i', usage: { n: 1.5 }, ok: true });
    for (let end = 0; end < text.length; end += 1)
      expect(() => scan(Buffer.from(text.slice(0, end)), [])).toThrow(/before the answer was complete/);
    for (const more of ['x', '{', ',', '}'])
      expect(() => scan(Buffer.from(text + more), [])).toThrow(/not JSON/);
  });

  it.each([
    '[]',
    '<html>',
    '{"a":}',
    '{"a" 1}',
    '{a:1}',
    '{"a":1,}',
    '{,}',
    '{"a":1 2}',
    '{"a":]',
    '{"a":[}',
    '"x"',
    '{"a":[1}]',
  ])('is not %s', (text) => {
    expect(() => scan(Buffer.from(text), [])).toThrow(/upstream sent an answer/);
  });

  it('never takes what it would not read, whatever is broken in it', () => {
    fc.assert(
      fc.property(
        object,
        fc.nat(300),
        fc.constantFrom('"', '{', '}', '[', ']', ',', ':', '\\'),
        (value, at, extra) => {
          const text = JSON.stringify(value);
          const broken = text.slice(0, at % text.length) + extra + text.slice(at % text.length);
          let isRead = true;
          try {
            JSON.parse(broken);
          } catch {
            isRead = false;
          }
          let isTaken = true;
          try {
            scan(Buffer.from(broken), []);
          } catch {
            isTaken = false;
          }
          if (isRead) expect(isTaken).toBe(true);
        },
      ),
    );
  });

  it('may begin with a byte order mark, and nests no deeper than a bound', () => {
    expect(scan(Buffer.from('\ufeff{"id":1}'), [1, 2]).sent).toBe('\ufeff{"id":"ours"}');
    expect(() => scan(Buffer.from(`{"a":${'['.repeat(100_000)}`), [])).toThrow(/nests deeper/);
  });

  it('keeps no more of a value than a bound', () => {
    const long = JSON.stringify({ usage: 'x'.repeat(1_000_000), error: null });
    const { kept } = scan(Buffer.from(long), [10, 500_000]).scan;
    expect([...kept]).toEqual([['error', 'null']]);
  });
});
