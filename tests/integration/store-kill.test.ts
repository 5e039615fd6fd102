import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'switchgear-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process says that appends three events and is killed. */
function appendAndDie(): string {
  const script = join(import.meta.dirname, '../support/append-and-die.ts');
  const { stdout, signal } = spawnSync(process.execPath, [script, folder, '3'], { encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  return stdout.trim();
}

it('events go on counting after a kill -9', () => {
  expect([appendAndDie(), appendAndDie(), appendAndDie()]).toEqual(['3', '6', '9']);
});
