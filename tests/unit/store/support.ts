import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { LoggedEvent } from '#lib/contracts/events.ts';

/** A folder that is removed after the file's tests. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-store-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const START_MS = Date.parse('2026-03-01T10:00:00.000Z');

/** Event `seq` happened `seq` seconds after the start. */
export function eventOf(seq: number, more: Partial<LoggedEvent> = {}): LoggedEvent {
  return {
    seq,
    at: new Date(START_MS + seq * 1_000).toISOString(),
    type: 'breaker_trip',
    detail: { seq },
    ...more,
  };
}
