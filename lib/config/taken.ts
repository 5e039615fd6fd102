/** What a reload takes away from those who use it, told before it is taken, and what of it must wait for a restart. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '#lib/contracts/config.ts';

/** The calls of an upstream at this moment. */
export interface Load {
  readonly name: string;
  /** On their way. */
  readonly inFlight: number;
  /** Waiting for a connection. */
  readonly queued: number;
}

/** Something that is there no longer, or is another one. Names and counts only, never a secret. */
export interface Taken {
  /** The key of the configuration. */
  path: string;
  change: 'removed' | 'replaced' | 'off' | 'smaller';
  /** Of an upstream. */
  upstream?: { name: string; in_flight: number; queued: number };
  /** Of a list, how many of its members go. */
  count?: number;
}

/** Upstreams named in a message at most; the list beside it has all. */
const MAX_TOLD = 20;

/** @param loads of the upstreams that serve now */
export function takenBy(running: Config, next: Config, loads: readonly Load[]): Taken[] {
  return [...upstreamsTaken(running, next, loads), ...settingsTaken(running, next)];
}

/** Everything that was taken, in one line. */
export function tellTaken(taken: readonly Taken[]): string {
  const told = taken.slice(0, MAX_TOLD).map(tell);
  if (taken.length > MAX_TOLD) told.push(`and ${taken.length - MAX_TOLD} more`);
  return told.join(', ');
}

/** The keys whose new value takes effect at a start only. */
export function restartNeeded(running: Config, next: Config): string[] {
  const paths = isDeepStrictEqual(running.listen, next.listen) ? [] : ['listen'];
  for (const key of ['step_s', 'season_s', 'timezone', 'quantile'] as const)
    if (running.allocation[key] !== next.allocation[key]) paths.push(`allocation.${key}`);
  return paths;
}

function upstreamsTaken(running: Config, next: Config, loads: readonly Load[]): Taken[] {
  const wanted = new Map(next.upstreams.map((upstream) => [upstream.name, upstream]));
  const load = new Map(loads.map((each) => [each.name, each]));
  return running.upstreams.flatMap((upstream) => {
    const { name } = upstream;
    const successor = wanted.get(name);
    if (isDeepStrictEqual(upstream, successor)) return [];
    const { inFlight, queued } = load.get(name) ?? { inFlight: 0, queued: 0 };
    const change = successor === undefined ? 'removed' : 'replaced';
    return [{ path: 'upstreams', change, upstream: { name, in_flight: inFlight, queued } } as const];
  });
}

function settingsTaken(running: Config, next: Config): Taken[] {
  const taken: Taken[] = [];
  const add = (path: string, change: Taken['change'], is: boolean) => {
    if (is) taken.push({ path, change });
  };
  const { auth, cache, redis } = running;
  const kept = new Set(next.auth.api_keys);
  const keysGone = auth.api_keys.filter((key) => !kept.has(key)).length;
  if (keysGone > 0) taken.push({ path: 'auth.api_keys', change: 'removed', count: keysGone });
  add(
    'auth.admin_token',
    'replaced',
    auth.admin_token !== undefined && auth.admin_token !== next.auth.admin_token,
  );
  add('cache.enabled', 'off', cache.enabled && !next.cache.enabled);
  add('cache.memory_mb', 'smaller', cache.memory_mb > next.cache.memory_mb);
  const headersGone = cache.vary.filter((header) => !next.cache.vary.includes(header)).length;
  if (headersGone > 0) taken.push({ path: 'cache.vary', change: 'removed', count: headersGone });
  add(
    'redis',
    next.redis === undefined ? 'removed' : 'replaced',
    redis !== undefined && !isDeepStrictEqual(redis, next.redis),
  );
  add('lab.allow_faults', 'off', running.lab.allow_faults && !next.lab.allow_faults);
  add('allow_model_management', 'off', running.allow_model_management && !next.allow_model_management);
  return taken;
}

function tell({ path, change, upstream, count }: Taken): string {
  const words = change === 'off' ? 'switched off' : change;
  if (upstream === undefined) return `${path} ${words}${count === undefined ? '' : ` (${count})`}`;
  const { name, in_flight, queued } = upstream;
  const waiting = queued === 0 ? '' : `, ${queued} waiting`;
  return `upstream ${name} ${words} (${in_flight} in flight${waiting})`;
}
