/** Counts from a test runner's own JSON report. */

/**
 * A file that could not be loaded has no tests, and counts as one that failed; so does a report that is not there.
 * @returns {{passed: number, failed: number, skipped: number}}
 */
export function countsOf(report) {
  if (typeof report !== 'object' || report === null) return { passed: 0, failed: 1, skipped: 0 };
  const broken = (report.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults?.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests ?? 0,
    failed: (report.numFailedTests ?? 0) + broken.length,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  };
}
