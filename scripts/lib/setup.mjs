/** Brings the checkout into a state that runs: dependencies installed, pages built, each only when something changed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withLock } from './lock.mjs';
import { explainNpm, npmCommand } from './npm.mjs';
import { NEXT, NODE, ROOT } from './paths.mjs';
import { EX_UNAVAILABLE, StepError, say, step } from './run.mjs';
import { dependenciesOf, dropStamp, hashOf, stampHolds, writeStamp } from './stamp.mjs';

const LOCK = join(ROOT, '.switchgear-setup.lock');
const INSTALL_STAMP = join(ROOT, 'node_modules', '.switchgear-install');
const BUILD_STAMP = join(ROOT, '.next', '.switchgear-build');
const INSTALLED_FROM = ['package-lock.json', '.npmrc'];
const BUILT_FROM = [
  'app',
  'components',
  'lib',
  'public',
  'next.config.js',
  'postcss.config.mjs',
  'tsconfig.json',
  'package-lock.json',
];
const NODE_MAJOR = 26;

/** Installs and, unless told otherwise, builds. Two of them at once wait for each other. */
export async function setUp({ build = true } = {}) {
  const onWait = (pid) => say(`waiting for process ${pid}, which is setting up this checkout`);
  await withLock(LOCK, onWait, async () => {
    await install();
    if (build) await buildPages();
  });
}

/** The project's own programs first on the path, its Node among them; Next sends no telemetry. */
export function environment(extra = {}) {
  const path = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  return { ...process.env, PATH: path, NEXT_TELEMETRY_DISABLED: '1', ...extra };
}

async function install() {
  const wanted = dependenciesOf(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const hash = hashOf(ROOT, INSTALLED_FROM, [wanted, process.platform, process.arch]);
  if (stampHolds(INSTALL_STAMP, hash) && nodeVersion() !== null) return;
  const options = { cwd: ROOT, explain: explainNpm };
  // Only errors: on the machine's own Node, npm warns of every package that wants a newer one.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev'];
  await step('installing dependencies (npm ci)', ...npmCommand(args), options);
  if (nodeVersion() === null) {
    // npm was told not to run install scripts; this one puts the binary in its place.
    await step(`unpacking Node ${NODE_MAJOR}`, process.execPath, ['installArchSpecificPackage.js'], {
      ...options,
      cwd: join(ROOT, 'node_modules', 'node'),
    });
    // The other npm scripts find it by its link, which npm made none of while the binary was missing.
    await step(`linking Node ${NODE_MAJOR}`, ...npmCommand(['rebuild', 'node', '--ignore-scripts']), options);
  }
  if (nodeVersion() === null) {
    throw new StepError(
      `Node ${NODE_MAJOR} of the npm package "node" does not run on this machine (${process.platform}, ` +
        `${process.arch}); "npm rebuild node --foreground-scripts" shows why`,
      EX_UNAVAILABLE,
    );
  }
  writeStamp(INSTALL_STAMP, hash);
}

async function buildPages() {
  const hash = hashOf(ROOT, BUILT_FROM);
  if (stampHolds(BUILD_STAMP, hash)) return;
  // A build that fails half-way leaves nothing that the old stamp would still be true of.
  dropStamp(BUILD_STAMP);
  const env = environment({ NODE_ENV: 'production' });
  await step('building the console (next build)', NODE, [NEXT, 'build'], { cwd: ROOT, env });
  // Of before the build: what was edited meanwhile is built next time.
  writeStamp(BUILD_STAMP, hash);
}

/** The version of the project's own Node, or null when it is missing or another one. */
function nodeVersion() {
  if (!existsSync(NODE)) return null;
  try {
    const version = execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim();
    return version.startsWith(`v${NODE_MAJOR}.`) ? version : null;
  } catch {
    return null;
  }
}
