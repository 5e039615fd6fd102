import { describe, expect, it } from 'vitest';
import {
  BOX,
  layoutOf,
  lineWidth,
  MAX_LANES,
  SWITCH_X,
  stageXs,
} from '#components/overview/diagram-layout.ts';
import { endText, textOf } from '#components/overview/diagram-words.ts';
import { AT_MS, componentWith, heldOpen, later, windowWith } from '../../support/snapshot-fixture.ts';

const busy = (name: string, ratePerS = 1) =>
  componentWith(name, { rate_per_s: ratePerS, window: windowWith({ calls: 10, failure_rate: 0 }) });
const never = () => false;
const lanesOf = (...given: Parameters<typeof layoutOf>) =>
  layoutOf(...given).lanes.map(({ component }) => component.name);

describe('the one-line diagram', () => {
  it('draws what is called or in trouble, in the configured order, and never the sandbox', () => {
    const components = [
      busy('a.chat'),
      componentWith('a.admin'),
      componentWith('b.chat', { state: 'open' }),
      busy('test'),
    ];
    expect(lanesOf(components, never)).toEqual(['a.chat', 'b.chat']);
    expect(layoutOf(components, never).hidden).toBe(1);
  });

  it('keeps a lane for what was called of late', () => {
    const components = [busy('a.chat'), componentWith('a.embeddings')];
    expect(lanesOf(components, (name) => name === 'a.embeddings')).toEqual(['a.chat', 'a.embeddings']);
  });

  it('shows where chats would go before there are any', () => {
    expect(lanesOf([componentWith('a.chat'), componentWith('a.admin')], never)).toEqual(['a.chat']);
  });

  it('takes the worst when there are too many', () => {
    const many = Array.from({ length: 9 }, (_, index) => busy(`u${index}.chat`, index));
    const lanes = lanesOf([...many, componentWith('z.chat', { state: 'open' })], never);
    expect(lanes).toHaveLength(MAX_LANES);
    expect(lanes).toContain('z.chat');
    expect(lanes).not.toContain('u0.chat');
  });

  it('is as high with one lane as with four, so that nothing below moves', () => {
    const four = ['a', 'b', 'c', 'd'].map((name) => busy(`${name}.chat`));
    expect(layoutOf(four, never).height).toBe(layoutOf(four.slice(0, 1), never).height);
  });

  it('has room for more stages, none upon another, all before the switches', () => {
    for (const count of [1, 2, 3]) {
      const xs = stageXs(count);
      expect(xs).toHaveLength(count);
      expect(xs.slice(1).every((x, index) => x >= (xs[index] ?? 0) + BOX.width - 3)).toBe(true);
      expect((xs.at(-1) ?? 0) + BOX.width).toBeLessThan(SWITCH_X - BOX.width);
    }
  });

  it('draws a hundredfold ten times as wide, up to a bound', () => {
    expect((lineWidth(25) - lineWidth(0)) / (lineWidth(0.25) - lineWidth(0))).toBeCloseTo(10);
    expect(lineWidth(10_000)).toBe(lineWidth(100_000));
  });

  it('ends each lane in a rate, or in when it is tried again', () => {
    const open = componentWith('a.chat', { state: 'open', retry_at: later(9) });
    expect(endText(open, 0, AT_MS)).toBe('retry 9\u202fs');
    expect(endText(componentWith('a.chat', heldOpen()), 0, AT_MS)).toBe('held open');
    expect(endText(busy('a.chat'), 3.21, AT_MS)).toBe('3.2/s');
  });

  it('says the same in words', () => {
    const layout = layoutOf([busy('a.chat', 2), componentWith('b.chat', heldOpen('quota'))], never);
    expect(textOf(layout, 3, 4.2, AT_MS)).toBe(
      '3 requests under way, 4.2 per second answered from what is kept. a.chat is closed, 2.0 calls per second; b.chat is held open, by local: “quota”, 0 calls per second.',
    );
  });
});
