/** `npm run bench -- proxy`: sets up what is missing, then measures. */
import { launch } from './lib/launch.mjs';
import { ROOT } from './lib/paths.mjs';

await launch('bench/run.ts', { build: true, cwd: ROOT });
