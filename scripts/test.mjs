/**
 * `npm test`: sets up what is missing, then lint, types, documentation, and every test. Arguments go to the runner:
 * `npm test -- unit` (a project), `npm test -- tests/unit/breaker`. The last line has the counts of the runner's report.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, NODE, ROOT } from './lib/paths.mjs';
import { countsOf } from './lib/report.mjs';
import { failWith, run, say, stopChildrenOnSignal } from './lib/run.mjs';
import { needsTools, runnerArgs } from './lib/selection.mjs';
import { environment, setUp } from './lib/setup.mjs';
import { installTools } from './lib/tools.mjs';

const CHECKS = [
  ['lint and format', bin('biome'), ['ci', '.']],
  ['types', bin('tsc'), ['--noEmit', '-p', '.']],
  ['generated documentation', NODE, ['scripts/docs.ts', '--check']],
];

const args = process.argv.slice(2);
stopChildrenOnSignal();
try {
  await setUp();
  if (needsTools(args)) await installTools();
  const failedChecks = await runChecks();
  const counts = await runTests(runnerArgs(args));
  if (counts.skipped > 0) say(`${counts.skipped} skipped`);
  const failed = counts.failed + failedChecks;
  process.exitCode = failed === 0 ? 0 : 1;
  say(`${counts.passed} passed, ${failed} failed`);
} catch (error) {
  failWith(error);
}

/** How many of them failed; each says what is wrong. */
async function runChecks() {
  let failed = 0;
  for (const [name, command, args] of CHECKS) {
    say(`checking ${name}`);
    const { code } = await run(command, args, { cwd: ROOT, env: environment() });
    if (code !== 0) failed += 1;
  }
  return failed;
}

async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-test-'));
  const file = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const { code } = await run(NODE, [vitest, 'run', ...reporters, ...args], {
      cwd: ROOT,
      env: environment(),
    });
    const counts = countsOf(readReport(file));
    // The runner also fails on what belongs to no test, such as an error after the last one.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
