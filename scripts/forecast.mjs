/** `npm run forecast -- backtest | coldstart | provision | import`: installs what is missing, then runs it. */
import { join } from 'node:path';
import { NODE, ROOT } from './lib/paths.mjs';
import { failWith, run, stopChildrenOnSignal } from './lib/run.mjs';
import { environment, setUp } from './lib/setup.mjs';

stopChildrenOnSignal();
try {
  await setUp({ build: false });
  const { code } = await run(NODE, [join(ROOT, 'scripts/forecast/main.ts'), ...process.argv.slice(2)], {
    // Files are named from where the command was typed.
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: environment(),
  });
  process.exitCode = typeof code === 'number' ? code : 1;
} catch (error) {
  failWith(error);
}
