/** That a run of the tests fails on what nobody may cause: without this, the guard could be off for years. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startVitest } from 'vitest/node';
import config from '../../../vitest.config.ts';
import { faultsIn } from '../../support/process-faults.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Runs the fixture as the suite's own files run. @returns what its file failed with */
async function failuresWith(fault: string): Promise<string> {
  const run = await startVitest(
    'test',
    [],
    { root: ROOT, config: false, watch: false, reporters: [{}], env: { FAULT: fault } },
    {
      test: {
        include: ['tests/fixtures/faults.fixture.ts'],
        pool: 'forks',
        setupFiles: [join(ROOT, 'tests/support/no-faults.ts')],
      },
    },
  );
  const [file] = run.state.getTestModules();
  const told = [...(file?.errors() ?? []), ...run.state.getUnhandledErrors()];
  const isPassed = file?.ok() === true;
  await run.close();
  // The run inside this one fails; this one must not.
  process.exitCode = 0;
  return isPassed ? 'passed' : told.map((error) => String((error as Error).message)).join('\n');
}

describe('a test file', () => {
  it.each([
    ['rejection', 'nobody holds this'],
    ['listeners', 'MaxListenersExceededWarning'],
    ['timer', 'TimeoutNegativeWarning'],
    ['worker', 'from a worker'],
  ])('fails on a %s that its tests left behind', async (fault, text) => {
    expect(await failuresWith(fault)).toContain(text);
  });

  it('of every project is watched', () => {
    const { projects = [] } = config.test ?? {};
    expect(projects.length).toBeGreaterThan(3);
    for (const project of projects)
      expect(project).toMatchObject({ test: { setupFiles: 'tests/support/no-faults.ts' } });
  });

  it('passes without', async () => {
    expect(await failuresWith('none')).toBe('passed');
  });
});

describe('what a process says', () => {
  it('is searched for warnings and faults, line by line', () => {
    const stderr = [
      'ready http://127.0.0.1:1',
      '(node:12) MaxListenersExceededWarning: Possible EventEmitter memory leak detected.',
      '(Use `node --trace-warnings ...` to show where the warning was created)',
      '(node:12) [DEP0005] DeprecationWarning: Buffer() is deprecated',
      '[UnhandledPromiseRejection: This error originated either by throwing inside of an async function]',
      'a Warning: of somebody else',
    ].join('\n');
    expect(faultsIn({ stderr })).toHaveLength(3);
    const stdout = '{"level":"error","source":"rejection","msg":"internal fault"}\n{"msg":"draining"}\n';
    expect(faultsIn({ stdout })).toHaveLength(1);
    expect(faultsIn({ stdout: 'internal fault' })).toEqual([]);
  });
});
