import { describe, expect, it } from 'vitest';
import { eventOf, parsePlan, SMALL, wholeParts } from '../../../bench/attack/plan.ts';

describe('the plan in a model’s name', () => {
  it('is its kind and number, and anything after it', () => {
    expect(parsePlan('events-12000-slow-reader')).toEqual({ kind: 'events', count: 12_000 });
    expect(parsePlan('rst-0-kept')).toEqual({ kind: 'rst' });
  });

  it('is a small answer for what is not known, and bounded', () => {
    expect(parsePlan('gpt-4o')).toEqual({ kind: 'small' });
    expect(parsePlan('')).toEqual({ kind: 'small' });
    expect(parsePlan('whole-1e12')).toEqual({ kind: 'whole', count: 104_857_600 });
  });

  it('makes answers that are JSON, around any content', () => {
    const [head, tail] = wholeParts();
    expect(JSON.parse(`${head}xxx${tail}`).choices[0].message.content).toBe('xxx');
    expect(JSON.parse(SMALL).choices[0].message.content).toBe('');
    const [, data = ''] = /^data: (.*)\n\n$/.exec(eventOf(7, '...')) ?? [];
    expect(JSON.parse(data).choices[0].delta.content).toBe('#7 ...');
  });
});
