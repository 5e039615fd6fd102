/**
 * Purges as replicas tell each other of them: by a message for those that listen, and by a list for those that were not
 * connected when it was sent. Listening that fails, or breaks off, is begun anew until it succeeds.
 */
import { randomUUID } from 'node:crypto';
import type { PurgeScope } from '#lib/cache/response-cache.ts';
import type { RedisClient } from '#lib/store/redis-client.ts';

export interface PurgeChannelParts {
  readonly client: RedisClient;
  /** Used for nothing else: while it listens, a connection takes no other commands. */
  readonly subscriber: RedisClient;
  readonly prefix: string;
  /** Wall clock, epoch milliseconds; those of the replicas agree but for seconds. */
  readonly now: () => number;
  /** Another replica has purged. */
  readonly onPurged: (scope: PurgeScope) => void;
}

/** Purges that a replica can have missed while it was not connected. */
const MAX_REMEMBERED = 100;
/** By how much the clock of a replica that purged may be behind. */
const CLOCK_SLACK_MS = 10_000;

export class PurgeChannel {
  readonly #parts: PurgeChannelParts;
  readonly #id = randomUUID();
  readonly #seen = new Set<string>();
  #state: 'deaf' | 'beginning' | 'listening' = 'deaf';
  /** Of the subscriber: what was begun on an earlier one is not listening. */
  #connection = 0;
  /** What was purged before is of no concern: this one kept nothing then. Null once the list was read. */
  #heedsFromMs: number | null;

  constructor(parts: PurgeChannelParts) {
    this.#parts = parts;
    this.#heedsFromMs = parts.now() - CLOCK_SLACK_MS;
    const { subscriber } = parts;
    // What goes wrong is told by the other connection, and tried again.
    subscriber.on('error', () => {});
    subscriber.on('ready', () => this.tend());
    subscriber.on('close', () => {
      this.#connection += 1;
      if (this.#state === 'listening') this.#state = 'deaf';
    });
    subscriber.on('message', (_channel: string, message: string) => this.#heard(message));
  }

  connect(): void {
    this.#parts.subscriber.connect().catch(() => {});
  }

  /** Begins to listen where it does not, once both connections stand. Never fails; called again and again. */
  tend(): void {
    const { client, subscriber } = this.#parts;
    if (this.#state !== 'deaf' || client.status !== 'ready' || subscriber.status !== 'ready') return;
    this.#state = 'beginning';
    const connection = this.#connection;
    this.#begin().then(
      () => {
        this.#state = connection === this.#connection ? 'listening' : 'deaf';
      },
      () => {
        this.#state = 'deaf';
      },
    );
  }

  /** @throws what Redis answers; nobody may have been told then */
  async announce(scope: PurgeScope): Promise<void> {
    const { client, now } = this.#parts;
    const id = randomUUID();
    const message = JSON.stringify({ id, from: this.#id, at: now(), scope });
    this.#remember(id);
    await client.lpush(this.#listName, message);
    await client.ltrim(this.#listName, 0, MAX_REMEMBERED - 1);
    await client.publish(this.#channelName, message);
  }

  close(): void {
    this.#parts.subscriber.disconnect();
  }

  get #channelName(): string {
    return `${this.#parts.prefix}:purge`;
  }

  get #listName(): string {
    return `${this.#parts.prefix}:purges`;
  }

  /** Subscribed first, so that nothing falls between the list and the messages. */
  async #begin(): Promise<void> {
    const { client, subscriber } = this.#parts;
    await subscriber.subscribe(this.#channelName);
    const messages = await client.lrange(this.#listName, 0, -1);
    for (const message of messages.toReversed()) {
      const { id = '', at = 0 } = purgeIn(message) ?? {};
      if (this.#heedsFromMs !== null && at < this.#heedsFromMs) this.#remember(id);
      else this.#heard(message);
    }
    this.#heedsFromMs = null;
  }

  #heard(message: string): void {
    const purge = purgeIn(message);
    if (purge === null || purge.from === this.#id || this.#seen.has(purge.id)) return;
    this.#remember(purge.id);
    this.#parts.onPurged(purge.scope);
  }

  #remember(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size <= 2 * MAX_REMEMBERED) return;
    const [oldest] = this.#seen;
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** `at` in epoch milliseconds. */
function purgeIn(message: string): { id: string; from: string; at: number; scope: PurgeScope } | null {
  try {
    const { id, from, at, scope } = JSON.parse(message);
    if (typeof id !== 'string' || typeof scope !== 'object' || scope === null) return null;
    return { id, from, at: Number(at) || 0, scope };
  } catch {
    return null;
  }
}
