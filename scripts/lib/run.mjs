/** Runs other programs: their progress in one line, their output only when they fail, and none left behind. */
import { spawn } from 'node:child_process';

/** Exit codes of sysexits.h. */
export const EX_UNAVAILABLE = 69;

export class StepError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const running = new Set();
const TICK_MS = 10_000;
/** Kept of a program's output, from its end. */
const MAX_OUTPUT_CHARS = 200_000;

/**
 * Runs a program to its end, with a line at the start, every ten seconds and at the end. Rejects with its output when
 * it fails.
 */
export async function step(label, command, args, options = {}) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1_000)} s`;
  say(`${label} …`);
  const ticker = setInterval(() => say(`${label} … ${seconds()}`), TICK_MS);
  try {
    const { code, output } = await run(command, args, { ...options, capture: true });
    if (code !== 0) throw new StepError(`${label} failed (exit code ${code})\n${output.trimEnd()}`);
    say(`${label}: done in ${seconds()}`);
  } finally {
    clearInterval(ticker);
  }
}

/** Resolves with exit code and, when captured, output; otherwise the output goes to the terminal. */
export function run(command, args, { capture = false, env = process.env, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
    const child = spawn(command, args, { stdio, env, cwd });
    running.add(child);
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-MAX_OUTPUT_CHARS);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (error) => {
      running.delete(child);
      reject(new StepError(`cannot run ${command}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? `signal ${signal}`, output });
    });
  });
}

/** Passes the signal that stops a script on to what it runs, and then ends as a shell would. */
export function stopChildrenOnSignal() {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.on(signal, () => {
      for (const child of running) child.kill(signal);
      process.exitCode = code;
      if (running.size === 0) process.exit(code);
      Promise.all([...running].map((child) => new Promise((resolve) => child.once('close', resolve)))).then(
        () => process.exit(code),
      );
    });
  }
}

export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Ends the script with one clear line, and no stack, for what a user can mend. */
export function failWith(error) {
  const known = error instanceof StepError;
  process.stderr.write(`switchgear: ${known ? error.message : (error?.stack ?? error)}\n`);
  process.exit(known ? error.exitCode : 1);
}
