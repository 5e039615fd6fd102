import { describe, expect, it } from 'vitest';
import { countsOf } from '../../../scripts/lib/report.mjs';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

describe('the counts of a report', () => {
  it('are the runner’s own', () => {
    const testResults = [file('passed', 'passed', 'passed', 'pending', 'todo'), file('failed', 'failed')];
    const report = { numPassedTests: 2, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1, testResults };
    expect(countsOf(report)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it('count a file that could not be loaded as one that failed', () => {
    const testResults = [file('passed', 'passed'), file('failed')];
    const report = { numPassedTests: 1, numFailedTests: 0, testResults };
    expect(countsOf(report)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('count a file whose preparation failed and whose tests therefore did not run', () => {
    const report = {
      numPassedTests: 0,
      numPendingTests: 2,
      testResults: [file('failed', 'pending', 'pending')],
    };
    expect(countsOf(report)).toEqual({ passed: 0, failed: 1, skipped: 2 });
  });

  it.each([[null], [undefined], ['text']])('count a report that is not there (%s) as a failure', (report) => {
    expect(countsOf(report)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
