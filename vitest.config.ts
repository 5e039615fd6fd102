import { defineConfig } from 'vitest/config';

/** The tests start servers, and some a browser: more at once only makes them wait for each other. */
const MAX_WORKERS = 2;
const SHARED = {
  pool: 'forks',
  setupFiles: 'tests/support/no-faults.ts',
  testTimeout: 20_000,
  hookTimeout: 30_000,
  // Pages move once a second, and then ask.
  expect: { poll: { timeout: 10_000 } },
} as const;
const project = (name: string, more: object = {}) => ({
  test: { name, include: [`tests/${name}/**/*.test.ts`], ...SHARED, ...more },
});

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    projects: [
      project('unit'),
      project('integration'),
      project('conformance'),
      // Each starts a server and a browser of its own.
      project('e2e', { testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
});
