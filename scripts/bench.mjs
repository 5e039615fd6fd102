/** `npm run bench -- proxy`: sets up what is missing, then measures. */
import { NODE, ROOT } from './lib/paths.mjs';
import { failWith, run, stopChildrenOnSignal } from './lib/run.mjs';
import { environment, setUp } from './lib/setup.mjs';

stopChildrenOnSignal();
try {
  await setUp();
  const { code } = await run(NODE, ['bench/run.ts', ...process.argv.slice(2)], {
    cwd: ROOT,
    env: environment(),
  });
  process.exitCode = typeof code === 'number' ? code : 1;
} catch (error) {
  failWith(error);
}
