import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../../scripts/lib/lock.mjs';

const OTHER_PID = 4_000_001;
const OWN_START = 'own';

let root = '';
let folder = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'switchgear-lock-'));
  folder = join(root, 'setup.lock');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Processes as the lock sees them: this one, and at most one other. */
const processes = (otherStart: string | null) => ({
  startOf: (pid: number) => (pid === process.pid ? OWN_START : pid === OTHER_PID ? otherStart : null),
});
const options = (otherStart: string | null = null) => ({ pollMs: 1, processes: processes(otherStart) });
const lockBy = (pid: number, start: string) => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'owner'), JSON.stringify({ pid, start }));
};
const never = () => {
  throw new Error('it waited');
};

describe('the lock of the set-up', () => {
  it('is there during the work and gone after it, and hands the result on', async () => {
    const result = await withLock(folder, never, async () => existsSync(folder), options());
    expect(result).toBe(true);
    expect(readdirSync(root)).toEqual([]);
  });

  it('is gone after work that failed', async () => {
    const work = async () => {
      throw new Error('no disk');
    };
    await expect(withLock(folder, never, work, options())).rejects.toThrow('no disk');
    expect(readdirSync(root)).toEqual([]);
  });

  it('lets one in at a time, and tells each waiter once whom it waits for', async () => {
    let inside = 0;
    let most = 0;
    const told: number[] = [];
    const enter = () =>
      withLock(
        folder,
        (pid: number) => told.push(pid),
        async () => {
          inside += 1;
          most = Math.max(most, inside);
          await setImmediate();
          inside -= 1;
        },
        options(),
      );
    await Promise.all([enter(), enter(), enter()]);
    expect(most).toBe(1);
    expect(told).toEqual([process.pid, process.pid]);
  });

  it('is taken over from a process that is gone', async () => {
    lockBy(OTHER_PID, 'then');
    await expect(withLock(folder, never, async () => 'done', options(null))).resolves.toBe('done');
    expect(readdirSync(root)).toEqual([]);
  });

  it('is taken over when the process id now belongs to another process', async () => {
    lockBy(OTHER_PID, 'then');
    await expect(withLock(folder, never, async () => 'done', options('now'))).resolves.toBe('done');
  });

  it('is taken over by one of several who see that it is stale', async () => {
    lockBy(OTHER_PID, 'then');
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await setImmediate();
      inside -= 1;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock(folder, () => {}, work, options(null))));
    expect(most).toBe(1);
  });

  it('is waited for while its owner lives', async () => {
    lockBy(OTHER_PID, 'then');
    const told: number[] = [];
    const release = (pid: number) => {
      told.push(pid);
      rmSync(folder, { recursive: true });
    };
    await withLock(folder, release, async () => {}, options('then'));
    expect(told).toEqual([OTHER_PID]);
  });

  it('is taken over when it stays without an owner', async () => {
    mkdirSync(folder);
    await expect(withLock(folder, never, async () => 'done', options())).resolves.toBe('done');
  });

  it('knows this process by its real start', async () => {
    lockBy(process.pid, 'another process with this id');
    await expect(withLock(folder, never, async () => 'done', { pollMs: 1 })).resolves.toBe('done');
  });
});
