import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DIMENSIONS, embed } from '#lib/lab/embed.ts';

const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

describe('embed', () => {
  it('gives a vector of length 1 for every text and dimension', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1_024 }), (text, dimensions) => {
        const vector = embed(text, dimensions);
        expect(vector).toHaveLength(dimensions);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('gives the same vector for the same text', () => {
    expect(embed('the queue is full')).toEqual(embed('the queue is full'));
    expect(embed('the queue is full')).toHaveLength(DEFAULT_DIMENSIONS);
  });

  it.each([
    ['the breaker opened after ten failures', 'ten failures opened the breaker', 'fresh bread with butter'],
    ['restart the database server', 'the database servers were restarted', 'a poem about autumn leaves'],
    ['How do I limit requests?', 'limiting the number of requests', 'giraffes eat acacia'],
  ])('puts %j nearer to %j than to %j', (text, similar, unrelated) => {
    expect(dot(embed(text), embed(similar))).toBeGreaterThan(dot(embed(text), embed(unrelated)) + 0.15);
  });

  it('does not mind case or punctuation', () => {
    expect(embed('Queue, full!')).toEqual(embed('queue full'));
  });
});
