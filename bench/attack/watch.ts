/** What is watched while an attack runs: the server's resident memory, and what other callers wait. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stop, track } from '../lib/children.ts';
import { kibOf } from '../lib/memory.ts';
import type { Waited } from './probe.ts';

const SAMPLE_MS = 50;

/** In MiB. @returns null where there is no /proc, or the process has ended */
export function rssMib(pid: number): number | null {
  try {
    const kib = kibOf(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
    return kib === 0 ? null : kib / 1_024;
  } catch {
    return null;
  }
}

/** @returns ends the watch, with the highest that was seen */
export function watchMemory(pid: number): () => number | null {
  let peak = rssMib(pid);
  const look = () => {
    const now = rssMib(pid);
    if (now !== null) peak = Math.max(peak ?? 0, now);
  };
  const timer = setInterval(look, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    look();
    return peak;
  };
}

/** Begins to ask as another caller. @returns ends it, with what was waited */
export function startProbe(port: number): () => Promise<Waited> {
  const child = fork(join(import.meta.dirname, 'probe.ts'), { stdio: 'inherit' });
  track(child);
  child.send({ port });
  return async () => {
    const waited = new Promise<Waited>((resolve, reject) => {
      child.once('message', (message: Waited) => resolve(message));
      child.once('exit', () => reject(new Error('the probe ended')));
    });
    child.send('stop');
    const result = await waited;
    await stop(child);
    return result;
  };
}
