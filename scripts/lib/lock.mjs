/** One installer or builder at a time: a folder, which is made or not in one step, with the owner's process id. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 500;
/** A lock without an owner is one that is just being made, or whose maker died on the way. */
const OWNERLESS_POLLS = 10;

/** Runs `work` under the lock; while another process has it, waits and says so once. */
export async function withLock(folder, onWait, work) {
  let told = false;
  let ownerless = 0;
  while (!take(folder)) {
    const owner = ownerOf(folder);
    ownerless = owner === null ? ownerless + 1 : 0;
    if (owner === null ? ownerless > OWNERLESS_POLLS : !isAlive(owner)) {
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    if (!told && owner !== null) onWait(owner);
    told = told || owner !== null;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'pid'), String(process.pid));
  return true;
}

function ownerOf(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    return pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
