/** One installer or builder at a time: a folder, which is made or not in one step, with its owner's identity. */
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 500;
/** A lock without an owner is one that is just being made, or whose maker died on the way. */
const OWNERLESS_POLLS = 10;

/** Runs `work` under the lock; while another process has it, waits and says so once. */
export async function withLock(folder, onWait, work, { pollMs = POLL_MS, processes = LIVE } = {}) {
  let told = false;
  let ownerless = 0;
  while (!take(folder, processes)) {
    const owner = ownerOf(folder);
    ownerless = owner === null ? ownerless + 1 : 0;
    const stale = () => {
      const now = ownerOf(folder);
      return now === null ? ownerless > OWNERLESS_POLLS : processes.startOf(now.pid) !== now.start;
    };
    if (stale() && remove(folder, stale)) continue;
    if (!told && owner !== null) onWait(owner.pid);
    told = told || owner !== null;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
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

/** When a process started, in the system's own words, or null when there is none: process ids are used again. */
const LIVE = {
  startOf(pid) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if (error.code !== 'EPERM') return null;
    }
    try {
      // The command's name, in parentheses, may hold spaces; the start is the twentieth field after it.
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[19];
    } catch {
      return 'unknown';
    }
  },
};

function take(folder, processes) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  const owner = { pid: process.pid, start: processes.startOf(process.pid) };
  writeFileSync(join(folder, 'owner'), JSON.stringify(owner));
  return true;
}

/**
 * Takes a stale lock away. Of several who see it, one may, and looks again when it is alone: else the second would
 * take away the lock that the first has just made in its place.
 */
function remove(folder, stale) {
  const removing = join(folder, 'removing');
  try {
    mkdirSync(removing);
  } catch (error) {
    if (error.code === 'ENOENT') return true;
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  if (!stale()) {
    rmdirSync(removing);
    return false;
  }
  const away = `${folder}.${process.pid}`;
  renameSync(folder, away);
  rmSync(away, { recursive: true, force: true });
  return true;
}

function ownerOf(folder) {
  try {
    const { pid, start } = JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? { pid, start } : null;
  } catch {
    return null;
  }
}
