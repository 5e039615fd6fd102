import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamDecoder, MAX_EVENT_CHARS } from '#lib/protocols/decoder.ts';
import type { Protocol } from '#lib/protocols/types.ts';

/** The payloads of a byte string, handed over in pieces that end at `cuts`. */
function decode(protocol: Protocol, bytes: Buffer, cuts: readonly number[]): string[] {
  const payloads: string[] = [];
  const decoder = createStreamDecoder(protocol, (payload) => payloads.push(payload));
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    decoder.push(bytes.subarray(from, cut));
    from = cut;
  }
  decoder.push(bytes.subarray(from));
  decoder.end();
  return payloads;
}

const payload = fc
  .record({ text: fc.string({ unit: 'grapheme' }), n: fc.double({ noNaN: true }) })
  .map((value) => JSON.stringify(value));
const payloads = fc.array(payload, { maxLength: 8 });
const lineEnd = fc.constantFrom('\n', '\r', '\r\n');
const cuts = fc.array(fc.nat(2_000), { maxLength: 40 });
const comment = fc.constantFrom('', ': keep-alive', ':', 'event: message', 'id: 7', 'retry: 100');

describe.each(['openai', 'ollama'] as const)('the %s stream decoder', (protocol) => {
  const write = (each: string, end: string, extra: string) =>
    protocol === 'openai' ? `${extra === '' ? '' : extra + end}data: ${each}${end}${end}` : `${each}${end}`;

  it('finds the same events wherever the bytes are cut and however lines end', () => {
    fc.assert(
      fc.property(payloads, lineEnd, comment, cuts, (expected, end, extra, at) => {
        const bytes = Buffer.from(expected.map((each) => write(each, end, extra)).join(''));
        const inside = at.filter((cut) => cut <= bytes.length);
        expect(decode(protocol, bytes, inside)).toEqual(expected);
      }),
    );
  });

  it('finds every event when each byte comes alone', () => {
    const expected = ['{"a":"Grüße 🔌"}', '{"b":2}'];
    const bytes = Buffer.from(expected.map((each) => write(each, '\r\n', ': note')).join(''));
    expect(decode(protocol, bytes, [...bytes.keys()])).toEqual(expected);
  });

  it('hands on a last event that lacks its end of line', () => {
    const bytes = Buffer.from(protocol === 'openai' ? 'data: {"a":1}' : '{"a":1}');
    expect(decode(protocol, bytes, [])).toEqual(['{"a":1}']);
  });

  it('has no event for blank lines', () => {
    expect(decode(protocol, Buffer.from('\n\r\n\n'), [1])).toEqual([]);
  });

  it('refuses an event without end', () => {
    const decoder = createStreamDecoder(protocol, () => {});
    const piece = Buffer.from(`data: ${'x'.repeat(1024 * 1024)}`);
    const push = () => {
      for (let chars = 0; chars <= MAX_EVENT_CHARS + piece.length; chars += piece.length) decoder.push(piece);
    };
    expect(push).toThrow(/larger than/);
  });
});

it('joins the data lines of one server-sent event', () => {
  expect(decode('openai', Buffer.from('data: {"a":\ndata: 1}\n\n'), [])).toEqual(['{"a":\n1}']);
});

it('reads server-sent events as a reference does, whatever the bytes', () => {
  const piece = fc.constantFrom(
    'data',
    'data:',
    'data: ',
    'event: x',
    ':',
    ' ',
    'a',
    '{"b":1}',
    '\n',
    '\r',
    '\r\n',
    'é',
    'id: 1',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), cuts, (pieces, at) => {
      const bytes = Buffer.from(pieces.join(''));
      const expected: string[] = [];
      const parser = createParser({ onEvent: ({ data }) => data !== '' && expected.push(data) });
      parser.feed(`${bytes.toString()}\n\n`);
      const inside = at.filter((cut) => cut <= bytes.length);
      expect(decode('openai', bytes, inside)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
