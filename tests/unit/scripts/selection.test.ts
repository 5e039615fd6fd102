import { describe, expect, it } from 'vitest';
import { needsTools, runnerArgs } from '../../../scripts/lib/selection.mjs';

describe('the arguments of npm test', () => {
  it('select a project by its name alone', () => {
    expect(runnerArgs(['unit', 'e2e'])).toEqual(['--project=unit', '--project=e2e']);
  });

  it('go to the runner as they are otherwise', () => {
    const args = ['tests/unit/breaker', '--bail=1', '-t', 'opens'];
    expect(runnerArgs(args)).toEqual(args);
  });

  it.each([
    [[], true],
    [['unit'], false],
    [['unit', 'conformance'], false],
    [['unit', 'e2e'], true],
    [['tests/integration/lab.test.ts'], true],
  ])('ask, with %j, for Redis and a browser: %s', (args, needed) => {
    expect(needsTools(args)).toBe(needed);
  });
});
