import { describe, expect, it } from 'vitest';
import { MAX_REVOKED } from '#lib/access/revoked-sessions.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';
import { revokedOf } from './support.ts';

const session = (n: number, expiresAtMs = 1_000 + n) => ({ nonce: `n${n}`, expiresAtMs });

describe('revoked sessions', () => {
  it('are told of, and forgotten once they have run out', () => {
    let now = 0;
    let told = 0;
    const revoked = revokedOf(
      () => now,
      new MemoryDocumentStore(),
      () => {
        told += 1;
      },
    );
    revoked.end(session(1));
    expect([revoked.has(session(1)), revoked.has(session(2)), told]).toEqual([true, false, 1]);
    now = 2_000;
    revoked.end(session(2, 5_000));
    expect(revoked.size).toBe(1);
  });

  it('are bounded: beyond, all as old as the oldest are ended with it', () => {
    const revoked = revokedOf(() => 0);
    for (let n = 0; n < MAX_REVOKED + 2; n += 1) revoked.end(session(n));
    expect(revoked.size).toBe(MAX_REVOKED);
    for (let n = 0; n < MAX_REVOKED + 2; n += 1) expect(revoked.has(session(n))).toBe(true);
    expect(revoked.has({ nonce: 'never logged out, as old', expiresAtMs: 1_001 })).toBe(true);
    expect(revoked.has({ nonce: 'younger', expiresAtMs: 1_002 })).toBe(false);
  });

  it('begin anew where what was kept cannot be read', () => {
    for (const text of ['', '{', '{"ended":1}', '[]']) {
      const store = new MemoryDocumentStore();
      store.write('revoked_sessions', text);
      const revoked = revokedOf(() => 0, store);
      revoked.end(session(1));
      expect(revokedOf(() => 0, store).has(session(1))).toBe(true);
    }
  });

  it('end all there are, and none that is opened after', () => {
    const revoked = revokedOf(() => 0);
    revoked.endAll(500);
    expect(revoked.has({ nonce: 'before', expiresAtMs: 500 })).toBe(true);
    expect(revoked.has({ nonce: 'after', expiresAtMs: revoked.openUntilMs })).toBe(false);
  });
});
