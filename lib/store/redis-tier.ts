/**
 * The cache's shared tier in Redis, behind the breaker of the component `redis`. A request asks it only while it is
 * connected and its breaker closed; whether it is back is found out in the background, at no request's cost.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Cluster, type Redis } from 'ioredis';
import type { CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import type { FailureKind, Outcome } from '#lib/breaker/types.ts';
import type { PurgeScope, RemoteKey, RemoteTier } from '#lib/cache/response-cache.ts';
import type { BreakerSettings, RedisConfig } from '#lib/contracts/config.ts';
import { mastersOf, openRedis, type RedisClient, redisSetup } from '#lib/store/redis-client.ts';
import { PurgeChannel } from '#lib/store/redis-purges.ts';
import { outbound } from '#lib/upstream/outbound.ts';

export const REDIS_COMPONENT = 'redis';
/** One late answer in a hundred is enough: each costs a request its time, and memory goes on without Redis. */
export const REDIS_BREAKER: Partial<BreakerSettings> = {
  failure_rate_percent: 1,
  minimum_calls: 1,
  window_s: 2,
  open_s: 2,
  half_open_calls: 1,
};

/** Calls at a time that it takes; a recovery ramps up to them. */
export const REDIS_CAPACITY = 1_000;

export interface RedisTierParts {
  readonly config: RedisConfig;
  readonly breaker: CircuitBreaker;
  readonly onEvent: (type: string, detail: Record<string, unknown>) => void;
  /** Another replica has purged. */
  readonly onPurged: (scope: PurgeScope) => void;
}

export interface RedisInfo {
  readonly keyspace_hits: number;
  readonly keyspace_misses: number;
  readonly evicted_keys: number;
  readonly used_memory: number;
  readonly maxmemory: number;
  readonly version: string;
  readonly mode: string;
}

/** Why writes are refused while reads go on. */
export type WriteTrouble = 'full' | 'read-only' | 'disk' | 'replicas';
/** By the code that Redis answers with. */
const WRITE_TROUBLES = new Map<string, WriteTrouble>([
  ['OOM', 'full'],
  ['READONLY', 'read-only'],
  ['MISCONF', 'disk'],
  ['NOREPLICAS', 'replicas'],
]);

const TIER = outbound('RedisTier', import.meta.url);

const PROBE_EVERY_MS = 500;
/** Writes on their way, at most; what comes on top is not kept there. */
const MAX_WRITES = 1_000;
const MAX_WRITE_BYTES = 64 * 1024 * 1024;
/** How long writes rest after one was refused. */
const WRITE_PAUSE_MS = 5_000;
const INFO_FRESH_MS = 1_000;
const SCAN_COUNT = 1_000;
/** Purges that wait for Redis, at most; the first are forgotten first. */
const MAX_PENDING_PURGES = 100;
const BOOT_WAIT_MS = 1_000;

export class RedisTier implements RemoteTier {
  readonly #parts: RedisTierParts;
  readonly #client: RedisClient;
  readonly #purges: PurgeChannel;
  readonly #prefix: string;
  readonly #timer: NodeJS.Timeout;
  /** Purges that could not be carried out yet. */
  readonly #pending: PurgeScope[] = [];
  #isProbing = false;
  #wasReady = false;
  #isClosed = false;
  #lastError = '';
  #writes = 0;
  #writeBytes = 0;
  #writesRestUntil = 0;
  #writeTrouble: WriteTrouble | null = null;
  #info: { at: number; value: RedisInfo | null } | null = null;

  constructor(parts: RedisTierParts) {
    this.#parts = parts;
    this.#prefix = parts.config.key_prefix;
    const setup = redisSetup(parts.config);
    this.#client = openRedis(setup);
    this.#purges = new PurgeChannel({
      client: this.#client,
      subscriber: openRedis(setup),
      prefix: this.#prefix,
      now: Date.now,
      onPurged: parts.onPurged,
    });
    this.#watch();
    this.#timer = setInterval(() => this.#probe(), PROBE_EVERY_MS);
    this.#timer.unref();
  }

  get config(): RedisConfig {
    return this.#parts.config;
  }

  /** Connects; resolves once it is ready, or when a moment has passed without that. */
  async start(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#client.once('ready', resolve);
    });
    // What goes wrong is told by 'error', and tried again.
    this.#client.connect().catch(() => {});
    this.#purges.connect();
    let timer: NodeJS.Timeout | undefined;
    const given = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, BOOT_WAIT_MS);
    });
    await Promise.race([ready, given]);
    clearTimeout(timer);
  }

  get available(): boolean {
    return this.isConnected && this.#parts.breaker.state === 'closed';
  }

  get isConnected(): boolean {
    return this.#client.status === 'ready';
  }

  /** Null while writes are taken. */
  get writeTrouble(): WriteTrouble | null {
    return this.#writeTrouble;
  }

  async get(keys: readonly RemoteKey[]): Promise<(Buffer | null)[]> {
    const nothing = () => keys.map(() => null);
    const names = keys.map((key) => this.#nameOf(key));
    const [first] = names;
    if (first === undefined) return [];
    try {
      return await this.#guarded(() => {
        if (names.length === 1) return this.#client.getBuffer(first).then((value) => [value]);
        // The keys of one request lie on several nodes.
        if (this.#client instanceof Cluster)
          return Promise.all(names.map((name) => this.#client.getBuffer(name)));
        return this.#client.mgetBuffer(names);
      }, nothing);
    } catch {
      return nothing();
    }
  }

  set(key: RemoteKey, value: Buffer, ttlMs: number): void {
    if (!this.available || performance.now() < this.#writesRestUntil) return;
    if (this.#writes >= MAX_WRITES || this.#writeBytes + value.length > MAX_WRITE_BYTES) return;
    this.#writes += 1;
    this.#writeBytes += value.length;
    const name = this.#nameOf(key);
    this.#guarded(
      () => this.#client.set(name, value, 'PX', Math.max(1, Math.ceil(ttlMs))),
      () => null,
    )
      .then(
        (done) => {
          if (done !== null) this.#writeTrouble = null;
        },
        (thrown: unknown) => this.#writeRefused(thrown),
      )
      .finally(() => {
        this.#writes -= 1;
        this.#writeBytes -= value.length;
      });
  }

  remove(key: RemoteKey): void {
    if (!this.available) return;
    this.#guarded(
      () => this.#client.unlink(this.#nameOf(key)),
      () => 0,
    ).catch(() => {});
  }

  async purge(scope: PurgeScope): Promise<string[] | null> {
    if (this.available) {
      try {
        return await this.#carryOut(scope);
      } catch {
        // It is carried out when Redis is back.
      }
    }
    this.#pending.push(scope);
    if (this.#pending.length > MAX_PENDING_PURGES) this.#pending.shift();
    return null;
  }

  /** What Redis says of itself, summed over the masters of a Cluster; null while it is away. */
  async info(): Promise<RedisInfo | null> {
    if (!this.available) return null;
    const now = performance.now();
    if (this.#info !== null && now - this.#info.at < INFO_FRESH_MS) return this.#info.value;
    try {
      const texts = await this.#guarded(
        () => Promise.all(mastersOf(this.#client).map((node) => node.info())),
        () => [],
      );
      this.#info = { at: now, value: texts.length === 0 ? null : infoIn(texts) };
      return this.#info.value;
    } catch {
      return null;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#client.disconnect();
    this.#purges.close();
  }

  /** `<prefix>:v1:<cache>:<digest of the model>:<key>`: what a purge names can be found by pattern. */
  #nameOf({ cache, model, key }: RemoteKey): string {
    return `${this.#prefix}:v1:${cache}:${modelDigest(model)}:${key}`;
  }

  /** Runs commands with the breaker's leave. @param refused what to answer without it */
  async #guarded<T>(run: () => Promise<T>, refused: () => T): Promise<T> {
    const permit = this.#parts.breaker.admit();
    if (!permit.admitted) return refused();
    if (!this.isConnected) {
      permit.settle({ kind: 'failure', failure: 'connect', message: this.#why() });
      return refused();
    }
    TIER.calls += 1;
    try {
      const result = await run();
      permit.settle({ kind: 'success' });
      return result;
    } catch (thrown) {
      permit.settle(this.#isClosed ? { kind: 'neutral' } : outcomeOf(thrown));
      throw thrown;
    }
  }

  /** While something is wrong, asks whether it still is. */
  #probe(): void {
    this.#purges.tend();
    const isWell = this.isConnected && this.#parts.breaker.state === 'closed';
    if (isWell) {
      this.#carryOutPending().catch(() => {});
      return;
    }
    if (this.#isProbing) return;
    this.#isProbing = true;
    this.#guarded(
      () => this.#client.ping(),
      () => '',
    )
      .catch(() => '')
      .finally(() => {
        this.#isProbing = false;
      });
  }

  /** Those that fail again wait again. */
  async #carryOutPending(): Promise<void> {
    for (const scope of this.#pending.splice(0)) await this.purge(scope);
  }

  async #carryOut(scope: PurgeScope): Promise<string[]> {
    // Told first: what another replica keeps may be put back by nobody while keys are still being removed.
    await this.#purges.announce(scope);
    const pattern = `${this.#prefix}:v1:${scope.cache ?? '*'}:${scope.model === undefined ? '*' : modelDigest(scope.model)}:*`;
    const gone: string[] = [];
    // One by one: spread into a call, as many as a cache holds overflow the stack.
    for (const node of mastersOf(this.#client))
      for (const key of await removeMatching(node, pattern)) gone.push(key);
    return gone;
  }

  #writeRefused(thrown: unknown): void {
    const trouble = writeTroubleIn(messageOf(thrown));
    if (trouble === undefined) return;
    this.#writesRestUntil = performance.now() + WRITE_PAUSE_MS;
    if (this.#writeTrouble !== trouble) this.#parts.onEvent('redis_writes_refused', { reason: trouble });
    this.#writeTrouble = trouble;
    // After a failover the connection still leads to what is a replica now.
    if (trouble === 'read-only' && !(this.#client instanceof Cluster)) this.#client.disconnect(true);
  }

  #watch(): void {
    this.#client.on('error', (error: Error) => {
      this.#lastError = error.message;
    });
    this.#client.on('ready', () => {
      if (!this.#wasReady) this.#parts.onEvent('redis_connected', {});
      this.#wasReady = true;
      this.#purges.tend();
    });
    this.#client.on('close', () => {
      if (this.#wasReady && !this.#isClosed) this.#parts.onEvent('redis_lost', { message: this.#why() });
      this.#wasReady = false;
    });
  }

  #why(): string {
    return this.#lastError === '' ? 'Redis is not connected' : `Redis is not connected: ${this.#lastError}`;
  }
}

async function removeMatching(node: Redis, pattern: string): Promise<string[]> {
  const gone: string[] = [];
  let cursor = '0';
  do {
    const [next, names] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    cursor = next;
    if (names.length === 0) continue;
    // Keys of one node may lie in several slots, which one command must not name together.
    const pipeline = node.pipeline();
    for (const name of names) pipeline.unlink(name);
    const results = (await pipeline.exec()) ?? [];
    for (const [at, name] of names.entries()) {
      const [error, removed] = results[at] ?? [];
      if (error !== null && error !== undefined) throw error;
      if (removed === 1) gone.push(name.slice(name.lastIndexOf(':') + 1));
    }
  } while (cursor !== '0');
  return gone;
}

function writeTroubleIn(message: string): WriteTrouble | undefined {
  const [code = ''] = message.split(' ', 1);
  return WRITE_TROUBLES.get(code);
}

function outcomeOf(thrown: unknown): Outcome {
  const message = failureIn(messageOf(thrown));
  // It answered, and what it refuses is a write; reads go on.
  if (writeTroubleIn(message) !== undefined) return { kind: 'neutral', answered: true };
  const failure: FailureKind = message.includes('timed out')
    ? 'first_byte_timeout'
    : /^[A-Z]+ /.test(message)
      ? 'invalid_response'
      : 'reset';
  return { kind: 'failure', failure, message };
}

/** What ioredis says of its own options tells an operator nothing. */
function failureIn(message: string): string {
  return message.startsWith('Reached the max retries') ? 'The connection to Redis broke' : message;
}

function infoIn(texts: readonly string[]): RedisInfo {
  const fields = texts.map(
    (text) => new Map(text.split('\r\n').map((line) => line.split(':', 2) as [string, string])),
  );
  const sum = (name: string) => fields.reduce((total, each) => total + Number(each.get(name) ?? 0), 0);
  return {
    keyspace_hits: sum('keyspace_hits'),
    keyspace_misses: sum('keyspace_misses'),
    evicted_keys: sum('evicted_keys'),
    used_memory: sum('used_memory'),
    maxmemory: sum('maxmemory'),
    version: fields[0]?.get('redis_version') ?? '',
    mode: fields[0]?.get('redis_mode') ?? '',
  };
}

function modelDigest(model: string): string {
  return createHash('sha256').update(model).digest('base64url').slice(0, 16);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
