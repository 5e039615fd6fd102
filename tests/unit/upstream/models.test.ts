import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelMatcher } from '#lib/upstream/models.ts';

describe('model globs', () => {
  it.each([
    [['*'], 'llama3.1:8b', true],
    [['*'], 'org/model:tag', true],
    [['llama3*'], 'llama3.1:8b', true],
    [['llama3*'], 'mistral', false],
    [['gpt-4o', 'o3-*'], 'o3-mini', true],
    [['gpt-4o'], 'gpt-4o-mini', false],
    [['qwen:latest'], 'qwen', true],
    [['qwen:*'], 'qwen', true],
    [['meta/*'], 'meta/llama/3', true],
    [['{a,b}-chat'], 'b-chat', true],
  ])('%j over %s: %s', (globs, model, served) => {
    expect(modelMatcher(globs)(model)).toBe(served);
  });

  it('lets a lone star serve every name', () => {
    const serves = modelMatcher(['*']);
    fc.assert(fc.property(fc.string({ minLength: 1 }), (name) => serves(name)));
  });
});
