/** `npm run forecast -- backtest | coldstart | provision | import`: installs what is missing, then runs it. */
import { join } from 'node:path';
import { launch, TYPED_IN } from './lib/launch.mjs';
import { ROOT } from './lib/paths.mjs';

await launch(join(ROOT, 'scripts/forecast/main.ts'), { build: false, cwd: TYPED_IN });
