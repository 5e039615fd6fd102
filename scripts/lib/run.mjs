/** Runs other programs: their progress in one line, their output only when they fail, and none left behind. */
import { spawn } from 'node:child_process';

/** Exit codes of sysexits.h. */
export const EX_UNAVAILABLE = 69;

export class StepError extends Error {
  /** `output` is the failed program's own. */
  constructor(message, exitCode = 1, output = '') {
    super(message);
    this.exitCode = exitCode;
    this.output = output;
  }
}

const STOP_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const KILL_AFTER_MS = 10_000;
const TICK_MS = 10_000;
/** Kept of a program's output, from its end. */
const MAX_OUTPUT_CHARS = 200_000;

const running = new Set();
/** The signal that stops this script, once there is one. */
let stoppedBy = null;

/**
 * Runs a program to its end, with a line at the start, every ten seconds and at the end. Rejects with its output when
 * it fails; `explain` may turn that output into `{ message, exitCode }`.
 */
export async function step(label, command, args, { explain = () => null, ...options } = {}) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1_000)} s`;
  say(`${label} …`);
  const ticker = setInterval(() => say(`${label} … ${seconds()}`), TICK_MS);
  try {
    const { code, output } = await run(command, args, { ...options, capture: true });
    if (code !== 0) {
      const known = explain(output) ?? { message: `exit code ${code}`, exitCode: 1 };
      throw new StepError(`${label} failed: ${known.message}`, known.exitCode, output);
    }
    say(`${label}: done in ${seconds()}`);
  } finally {
    clearInterval(ticker);
  }
}

/** Resolves with exit code and, when captured, output; otherwise the output goes to the terminal. */
export function run(command, args, { capture = false, env = process.env, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
    // A group of its own, so that one signal reaches it with all that it has started, and reaches it once.
    const child = spawn(command, args, { stdio, env, cwd, detached: true });
    running.add(child);
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-MAX_OUTPUT_CHARS);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => {
      running.delete(child);
      reject(new StepError(`cannot run ${command}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      if (stoppedBy !== null) reject(new StepError(`stopped by ${stoppedBy}`, STOP_CODES[stoppedBy]));
      else resolve({ code: code ?? `signal ${signal}`, output });
    });
  });
}

/**
 * Passes the signal that stops a script on to what it runs, and ends it with the code that a shell would give.
 * @returns {() => void} takes the handlers away
 */
export function stopChildrenOnSignal() {
  const stop = (signal) => {
    if (running.size === 0) process.exit(STOP_CODES[signal]);
    // A terminal's Ctrl-C comes twice, from the terminal and from npm.
    if (stoppedBy !== null) return;
    stoppedBy = signal;
    signalAll(signal);
    setTimeout(() => signalAll('SIGKILL'), KILL_AFTER_MS).unref();
  };
  for (const signal of Object.keys(STOP_CODES)) process.on(signal, stop);
  return () => {
    for (const signal of Object.keys(STOP_CODES)) process.off(signal, stop);
  };
}

function signalAll(signal) {
  for (const { pid } of running) {
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Ends the script; for what a user can mend, with one clear line after the failed program's own words. */
export function failWith(error) {
  const known = error instanceof StepError;
  const output = known ? error.output.trim() : '';
  if (output !== '') process.stderr.write(`${output.replace(/^/gm, '  ')}\n`);
  process.stderr.write(`switchgear: ${known ? error.message : (error?.stack ?? error)}\n`);
  process.exit(known ? error.exitCode : 1);
}
