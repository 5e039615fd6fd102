/**
 * How ioredis is set up so that nobody waits for a Redis that is slow or away: no queue while it is not connected,
 * a time limit on every command, and connecting again for ever in the background. What it would send by itself, and
 * then let go of the promise, is left out or held.
 */
import { Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from '#lib/contracts/config.ts';

export type RedisClient = Redis | Cluster;

type NodeOptions = Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>;

export type RedisSetup =
  | { readonly kind: 'single' | 'sentinel'; readonly options: Omit<RedisOptions, 'replyMapping'> }
  | {
      readonly kind: 'cluster';
      readonly nodes: ClusterNode[];
      readonly options: Omit<ClusterOptions, 'redisOptions'> & { redisOptions: NodeOptions };
    };

const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RETRY_MS = 2_000;
const retryMs = (times: number): number => Math.min(times * 100, MAX_RETRY_MS);

export function redisSetup({
  url,
  cluster,
  sentinel,
  username,
  password,
  timeout_ms,
}: RedisConfig): RedisSetup {
  const credentials = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  const limits = {
    commandTimeout: timeout_ms,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // It holds no promise of what it sends then; whoever subscribed does so again.
    autoResubscribe: false,
    connectionName: 'switchgear',
  } satisfies RedisOptions;
  if (cluster !== undefined) {
    const nodes = cluster.map(addressOf);
    return {
      kind: 'cluster',
      nodes: nodes.map(({ host, port }) => ({ host, port })),
      options: {
        // At the top level: among `redisOptions` a Cluster does not read it.
        enableOfflineQueue: false,
        lazyConnect: true,
        clusterRetryStrategy: retryMs,
        slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
        redisOptions: { ...limits, ...nodes[0]?.credentials, ...credentials, ...tlsOf(cluster) },
      },
    };
  }
  const shared = { ...limits, enableOfflineQueue: false, lazyConnect: true, retryStrategy: retryMs };
  if (sentinel !== undefined) {
    const sentinels = sentinel.urls.map(addressOf);
    const own = sentinels[0]?.credentials;
    const tls = tlsOf(sentinel.urls);
    return {
      kind: 'sentinel',
      options: {
        ...shared,
        name: sentinel.name,
        sentinels: sentinels.map(({ host, port }) => ({ host, port })),
        ...(own?.username === undefined ? {} : { sentinelUsername: own.username }),
        ...(own?.password === undefined ? {} : { sentinelPassword: own.password }),
        sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
        sentinelRetryStrategy: retryMs,
        ...(tls.tls === undefined ? {} : { ...tls, enableTLSForSentinelMode: true, sentinelTLS: {} }),
        ...credentials,
      },
    };
  }
  const { host, port, db, credentials: inUrl } = addressOf(url ?? '');
  return {
    kind: 'single',
    options: { ...shared, host, port, db, ...inUrl, ...credentials, ...tlsOf([url ?? '']) },
  };
}

export function openRedis(setup: RedisSetup): RedisClient {
  if (setup.kind !== 'cluster') return new Redis(setup.options);
  const cluster = new Cluster(setup.nodes, setup.options);
  cluster.on('+node', holdAsking);
  return cluster;
}

/** A Cluster sends `ASKING` before a command that was redirected, and nobody holds its promise: the command tells. */
function holdAsking(node: Redis): void {
  const ask = node.asking.bind(node);
  const asking = () => {
    const asked = ask();
    asked.catch(() => {});
    return asked;
  };
  Object.assign(node, { asking });
}

/** Those that hold keys; a single Redis is its own. */
export function mastersOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

const DEFAULT_PORT = 6_379;

function addressOf(text: string) {
  const { hostname, port, username, password, pathname } = new URL(text);
  const db = Number(pathname.slice(1));
  return {
    host: hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: port === '' ? DEFAULT_PORT : Number(port),
    db: Number.isInteger(db) ? db : 0,
    credentials: {
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    } as { username?: string; password?: string },
  };
}

function tlsOf(urls: readonly string[]): Pick<RedisOptions, 'tls'> {
  return urls.some((url) => url.startsWith('rediss:')) ? { tls: {} } : {};
}
