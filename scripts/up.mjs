/** `npm run up` and `npm run dev`: sets up what is missing, then serves until it is told to stop. */
import { spawn } from 'node:child_process';
import { NODE, ROOT } from './lib/paths.mjs';
import { failWith, stopChildrenOnSignal } from './lib/run.mjs';
import { environment, setUp } from './lib/setup.mjs';

/** A terminal's Ctrl-C comes twice, from the terminal and from npm; the server takes a second one for impatience. */
const SAME_SIGNAL_MS = 500;
const PARENT_POLL_MS = 1_000;

const dev = process.argv.includes('--dev');
stopChildrenOnSignal();
await setUp({ build: !dev }).catch(failWith);
process.removeAllListeners('SIGINT');
process.removeAllListeners('SIGTERM');
serve();

function serve() {
  const env = environment(dev ? {} : { NODE_ENV: 'production' });
  const server = spawn(NODE, ['server.ts', ...(dev ? ['--dev'] : [])], {
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
  const parent = process.ppid;
  // npm killed outright forwards nothing.
  setInterval(() => process.ppid !== parent && pass('SIGTERM'), PARENT_POLL_MS).unref();
  server.on('error', failWith);
  server.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}
