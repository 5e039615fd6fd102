/** Programs that the tests need and npm does not bring: installed by apt when that is possible, else asked for. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { EX_UNAVAILABLE, StepError, step } from './run.mjs';

/** Any of the programs will do; the package is Debian's. */
const TOOLS = [
  { package: 'redis-server', programs: ['redis-server'] },
  { package: 'chromium', programs: ['chromium', 'chromium-browser', 'google-chrome'] },
];

/** The path of a program, or null. */
export function which(program, path = process.env.PATH ?? '') {
  const found = path.split(delimiter).find((folder) => folder !== '' && existsSync(join(folder, program)));
  return found === undefined ? null : join(found, program);
}

export function missingPackages(find = which) {
  return TOOLS.filter((tool) => !tool.programs.some((program) => find(program) !== null)).map(
    (tool) => tool.package,
  );
}

export async function installTools() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || which('apt-get') === null) {
    const names = missing.join(' and ');
    throw new StepError(
      `the tests need ${names}; install it with your package manager (Debian: sudo apt-get install ${missing.join(' ')})`,
      EX_UNAVAILABLE,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step('reading package lists (apt-get update)', 'apt-get', ['update'], { env });
  const args = ['install', '-y', '--no-install-recommends', ...missing];
  await step(`installing ${missing.join(' and ')} (apt-get install)`, 'apt-get', args, { env });
}
