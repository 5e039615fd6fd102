import { describe, expect, it } from 'vitest';
import { CLIENTS, snippetOf } from '#components/connect/snippets.ts';
import {
  counted,
  formatClock,
  formatCount,
  formatDuration,
  formatMs,
  formatPerSecond,
  formatRate,
  percentFigure,
  splitMs,
} from '#components/ui/format.ts';

/** As it is typed here, with plain spaces. */
const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('figures', () => {
  it.each([
    [null, '—'],
    [0.31, '0.3 ms'],
    [412, '412 ms'],
    [1_900, '1.9 s'],
    [30_000, '30 s'],
  ])('%s ms is %s', (ms, text) => expect(plain(formatMs(ms))).toBe(text));

  it.each([
    [null, '—', ''],
    [0.314, '0.31', 'ms'],
    [30_000, '30', 's'],
  ])('%s ms set apart is %s and %s', (ms, value, unit) => expect(splitMs(ms)).toEqual({ value, unit }));

  it.each([
    [null, '—'],
    [0, '0.0 %'],
    [0.621, '62.1 %'],
    [1, '100.0 %'],
  ])('a rate of %s is %s', (rate, text) => expect(plain(formatRate(rate))).toBe(text));

  it.each([
    [1, '100'],
    [0.99999, '99.99'],
    [0.612, '61.2'],
  ])('a rate of %s as a figure is %s, never rounded up to all', (rate, text) =>
    expect(percentFigure(rate)).toBe(text),
  );

  it.each([
    [0, '0'],
    [38.44, '38.4'],
    [212.4, '212'],
  ])('%s per second is %s', (rate, text) => expect(formatPerSecond(rate)).toBe(text));

  it.each([
    [-5, '0 s'],
    [9_400, '9 s'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s ms lasts %s', (ms, text) => expect(plain(formatDuration(ms))).toBe(text));

  it('separates thousands, and knows one from many', () => {
    expect(plain(formatCount(1_234_567))).toBe('1 234 567');
    expect([counted(1, 'call'), counted(2, 'call'), counted(0, 'query', 'queries')]).toEqual([
      '1 call',
      '2 calls',
      '0 queries',
    ]);
  });

  it('shows seconds on a short axis, and the date at midnight on a long one', () => {
    const midnight = new Date(2026, 2, 9).getTime();
    expect(formatClock(midnight + 61_000, 120_000)).toBe('00:01:01');
    expect(formatClock(midnight + 61_000, 900_000)).toBe('00:01');
    expect(formatClock(midnight, 604_800_000)).toBe('9 Mar');
  });
});

describe('the snippets', () => {
  it.each(CLIENTS)('%s names address and model, and streams when asked', (client) => {
    const whole = snippetOf(client, 'http://127.0.0.1:8003', 'lab-chat', false);
    const streamed = snippetOf(client, 'http://127.0.0.1:8003', 'lab-chat', true);
    for (const text of [whole, streamed]) {
      expect(text).toContain('http://127.0.0.1:8003');
      expect(text).toContain('lab-chat');
    }
    expect(whole).not.toMatch(/stream/i);
    expect(streamed).toMatch(/stream"?: true/);
  });
});
