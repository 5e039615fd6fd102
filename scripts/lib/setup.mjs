/** Brings the checkout into a state that runs: dependencies installed, pages built, each only when something changed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { NEXT, NODE, ROOT } from './paths.mjs';
import { EX_UNAVAILABLE, StepError, say, step } from './run.mjs';
import { hashOf, stampHolds, writeStamp } from './stamp.mjs';

const LOCK = join(ROOT, '.switchgear-setup.lock');
const INSTALL_STAMP = join(ROOT, 'node_modules', '.switchgear-install');
const BUILD_STAMP = join(ROOT, '.next', '.switchgear-build');
const INSTALLED_FROM = ['package.json', 'package-lock.json', '.npmrc'];
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

/** Next sends no telemetry, here or anywhere in this project. */
export function environment(extra = {}) {
  return { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...extra };
}

async function install() {
  const hash = hashOf(ROOT, INSTALLED_FROM, [process.platform, process.arch]);
  if (stampHolds(INSTALL_STAMP, hash) && nodeVersion() !== null) return;
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev'];
  const [command, first] = npm?.endsWith('js') ? [process.execPath, [npm]] : ['npm', []];
  await step('installing dependencies (npm ci)', command, [...first, ...args], { cwd: ROOT });
  if (nodeVersion() === null) {
    // npm was told not to run install scripts; this one puts the binary in its place.
    await step(`unpacking Node ${NODE_MAJOR}`, process.execPath, ['installArchSpecificPackage.js'], {
      cwd: join(ROOT, 'node_modules', 'node'),
    });
  }
  if (nodeVersion() === null) {
    throw new StepError(
      `Node ${NODE_MAJOR} could not be installed from the npm package "node"`,
      EX_UNAVAILABLE,
    );
  }
  writeStamp(INSTALL_STAMP, hash);
}

async function buildPages() {
  const hash = () => hashOf(ROOT, BUILT_FROM);
  if (stampHolds(BUILD_STAMP, hash())) return;
  const env = environment({ NODE_ENV: 'production' });
  await step('building the console (next build)', NODE, [NEXT, 'build'], { cwd: ROOT, env });
  // Taken afterwards: Next may have put tsconfig.json in order.
  writeStamp(BUILD_STAMP, hash());
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
