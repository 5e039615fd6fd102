import { expect, it } from 'vitest';
import { FirstSeen } from '#lib/telemetry/first-seen.ts';

it('gives places in the order of first sight, keeps them, and frees those of whoever is gone', () => {
  const places = new FirstSeen(2);
  const split = (...names: string[]) => places.split(names, (name) => name);
  expect(split('b')).toEqual({ own: ['b'], others: [] });
  expect(split('a', 'b', 'c')).toEqual({ own: ['a', 'b'], others: ['c'] });
  expect(split('c', 'a', 'b')).toEqual({ own: ['a', 'b'], others: ['c'] });
  expect(split('c', 'b')).toEqual({ own: ['c', 'b'], others: [] });
});
