import { defineConfig } from 'vitest/config';

const SHARED = { testTimeout: 20_000, hookTimeout: 30_000 };
const project = (name: string, more: object = {}) => ({
  test: { name, include: [`tests/${name}/**/*.test.ts`], ...SHARED, ...more },
});

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('integration'),
      project('conformance'),
      // Each starts a server and a browser of its own.
      project('e2e', { testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
});
