/**
 * `npm run up`, `npm run dev` and `npm run demo`: sets up what is missing, then serves until it is told to stop.
 * `npm run build` sets up alone.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { NODE, ROOT } from './lib/paths.mjs';
import { failWith, stopChildrenOnSignal } from './lib/run.mjs';
import { environment, setUp } from './lib/setup.mjs';

/** A terminal's Ctrl-C comes twice, from the terminal and from npm; the server takes a second one for impatience. */
const SAME_SIGNAL_MS = 500;
const PARENT_POLL_MS = 1_000;

const dev = process.argv.includes('--dev');
const demo = process.argv.includes('--demo');
const buildOnly = process.argv.includes('--build');
const letSignalsThrough = stopChildrenOnSignal();
await setUp({ build: !dev }).catch(failWith);
letSignalsThrough();
if (!buildOnly) serve();

function serve() {
  const env = environment({
    ...(dev ? {} : { NODE_ENV: 'production' }),
    // A demo's events are on its pages; in its terminal they would bury the address.
    ...(demo && process.env.LOG_LEVEL === undefined ? { LOG_LEVEL: 'warn' } : {}),
  });
  const server = spawn(NODE, ['server.ts', ...(dev ? ['--dev'] : []), ...(demo ? ['--demo'] : [])], {
    cwd: ROOT,
    env,
    // In a group of its own, so that signals reach it through here alone; it drains when the channel breaks.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let lastSignalAt = Number.NEGATIVE_INFINITY;
  const pass = (signal) => {
    if (Date.now() - lastSignalAt < SAME_SIGNAL_MS) return;
    lastSignalAt = Date.now();
    server.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => pass(signal === 'SIGHUP' ? 'SIGTERM' : signal));
  if (process.env.npm_lifecycle_event !== undefined) stopWithout(process.ppid, () => pass('SIGTERM'));
  server.on('error', failWith);
  server.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** npm killed outright forwards nothing. Once only: the server takes a second signal for impatience. */
function stopWithout(parent, stop) {
  const poll = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(poll);
    stop();
  }, PARENT_POLL_MS);
  poll.unref();
}
