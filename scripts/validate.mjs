/** `npm run validate`: installs what is missing, then scores a running server. */
import { join } from 'node:path';
import { NODE, ROOT } from './lib/paths.mjs';
import { failWith, run, stopChildrenOnSignal } from './lib/run.mjs';
import { environment, setUp } from './lib/setup.mjs';

stopChildrenOnSignal();
try {
  await setUp({ build: false });
  const { code } = await run(NODE, [join(ROOT, 'scripts/validate/main.ts'), ...process.argv.slice(2)], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: environment(),
  });
  process.exitCode = typeof code === 'number' ? code : 1;
} catch (error) {
  failWith(error);
}
