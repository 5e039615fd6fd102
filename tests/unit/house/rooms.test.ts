/** The arrows of the house: the concept rooms know neither each other, nor HTTP, nor the console. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const CONCEPTS = ['allocation', 'batching', 'breaker', 'cache'] as const;
const importsOf = (file: string) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(
    ([, target = '']) => target,
  );
const filesIn = (pattern: string) => globSync(pattern, { cwd: ROOT });

/** What a room of a concept may not reach, by the name of what is imported. */
function forbidden(room: string, target: string): boolean {
  if (/^(next|react|recharts|swr)(\/|$)/.test(target)) return true;
  if (/^node:(http|https|http2|net|tls)$/.test(target)) return true;
  if (/^#(components|lib\/(gateway|upstream|http|control|lab|runtime))/.test(target)) return true;
  return CONCEPTS.some((other) => other !== room && target.startsWith(`#lib/${other}/`));
}

describe('the rooms', () => {
  it.each(CONCEPTS)('lib/%s imports no other concept, no HTTP, no Next', (room) => {
    const files = filesIn(`lib/${room}/**/*.ts`);
    expect(files.length).toBeGreaterThan(2);
    const wrong = files.flatMap((file) =>
      importsOf(file).flatMap((target) => (forbidden(room, target) ? [`${file} → ${target}`] : [])),
    );
    expect(wrong).toEqual([]);
  });

  it('are seen by this test', () => {
    expect(forbidden('cache', '#lib/breaker/types.ts')).toBe(true);
    expect(forbidden('cache', '#lib/cache/entry.ts')).toBe(false);
    expect(forbidden('breaker', 'node:http')).toBe(true);
    expect(forbidden('batching', 'next/link')).toBe(true);
  });

  it('lib imports no component, and components import contracts alone', () => {
    const wrong = filesIn('lib/**/*.ts').filter((file) =>
      importsOf(file).some((target) => target.startsWith('#components/')),
    );
    expect(wrong).toEqual([]);
    const own = filesIn('components/**/*.{ts,tsx}').flatMap((file) =>
      importsOf(file).flatMap((target) =>
        target.startsWith('#lib/') && !target.startsWith('#lib/contracts/') ? [`${file} → ${target}`] : [],
      ),
    );
    expect(own).toEqual([]);
  });
});
