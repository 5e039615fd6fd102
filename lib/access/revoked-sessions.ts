/**
 * Sessions that were ended before their time: each that was logged out, by its nonce, and all that were opened before
 * the admin token last changed. Kept through a restart. Sessions themselves are kept nowhere (see `session.ts`), so this
 * list is all that a log-out needs, and it shrinks by itself: what has run out is ended anyway.
 */
import { z } from 'zod';
import type { DocumentStore } from '#lib/store/document-store.ts';

/** Beyond, the oldest are forgotten, and every session as old as they were is ended with them. */
export const MAX_REVOKED = 1_000;
const DOCUMENT = 'revoked_sessions';

const documentSchema = z.object({
  endedUntilMs: z.number(),
  ended: z.array(z.tuple([z.string(), z.number()])),
});

export interface Session {
  readonly nonce: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface RevokedSessionsParts {
  /** Milliseconds since the epoch. */
  now: () => number;
  store: Pick<DocumentStore, 'read' | 'write'>;
  /** Called when a session was ended that may still be in use somewhere. */
  onRevoked: () => void;
}

export class RevokedSessions {
  readonly #parts: RevokedSessionsParts;
  /** When each would have run out, by nonce. */
  readonly #ended = new Map<string, number>();
  /** What runs out until then is ended. */
  #endedUntilMs = 0;

  constructor(parts: RevokedSessionsParts) {
    this.#parts = parts;
    const read = documentSchema.safeParse(parse(parts.store.read(DOCUMENT)));
    if (!read.success) return;
    this.#endedUntilMs = read.data.endedUntilMs;
    for (const [nonce, expiresAtMs] of read.data.ended) this.#ended.set(nonce, expiresAtMs);
  }

  get size(): number {
    return this.#ended.size;
  }

  has({ nonce, expiresAtMs }: Session): boolean {
    return expiresAtMs <= this.#endedUntilMs || this.#ended.has(nonce);
  }

  /** When a session that is opened now runs out at the earliest, so that it is not taken for an ended one. */
  get openUntilMs(): number {
    return this.#endedUntilMs + 1;
  }

  end({ nonce, expiresAtMs }: Session): void {
    this.#ended.set(nonce, expiresAtMs);
    this.#shrink();
    this.#changed();
  }

  /** Ends all sessions there are. @param lifetimeMs of a session, at most */
  endAll(lifetimeMs: number): void {
    this.#endedUntilMs = Math.max(this.#endedUntilMs, this.#parts.now() + lifetimeMs);
    this.#shrink();
    this.#changed();
  }

  #shrink(): void {
    const nowMs = this.#parts.now();
    for (const [nonce, expiresAtMs] of this.#ended)
      if (expiresAtMs <= nowMs || expiresAtMs <= this.#endedUntilMs) this.#ended.delete(nonce);
    while (this.#ended.size > MAX_REVOKED) {
      const [oldest] = [...this.#ended].sort(([, a], [, b]) => a - b);
      if (oldest === undefined) return;
      this.#ended.delete(oldest[0]);
      this.#endedUntilMs = Math.max(this.#endedUntilMs, oldest[1]);
    }
  }

  #changed(): void {
    const document = { endedUntilMs: this.#endedUntilMs, ended: [...this.#ended] };
    this.#parts.store.write(DOCUMENT, JSON.stringify(document));
    this.#parts.onRevoked();
  }
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
