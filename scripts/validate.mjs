/** `npm run validate`: installs what is missing, then scores a running server. */
import { join } from 'node:path';
import { launch, TYPED_IN } from './lib/launch.mjs';
import { ROOT } from './lib/paths.mjs';

await launch(join(ROOT, 'scripts/validate/main.ts'), { build: false, cwd: TYPED_IN });
