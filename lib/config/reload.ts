/**
 * What a reload may not do: loosen access. A file can be cut, emptied or half-written and still be valid, so what it
 * does not say any more opens nothing: no key, no token and no upstream goes without another one in its place, and
 * none is replaced by its own beginning. A restart may do all of that, for somebody is there who wants it.
 */
import { isLoopback } from '#lib/access/hosts.ts';
import { type ConfigFault, MISSING } from '#lib/config/faults.ts';
import { formatPath } from '#lib/config/paths.ts';
import { SECRET, showValue } from '#lib/config/secrets.ts';
import type { Config } from '#lib/contracts/config.ts';

/** How the message of a refused reload begins. */
export const LOOSENS = 'A reload may not loosen access';

/** The configuration in force. */
export interface Running {
  /** With the upstreams that serve, found or configured. */
  config: Config;
  /** Whether the upstreams were found, for want of configured ones. */
  found: boolean;
}

/** What a new configuration would loosen; each is refused until a restart. */
export function loosenedBy(running: Running, next: Config): ConfigFault[] {
  return [
    ...tokenFaults(running.config, next),
    ...keyFaults(running.config, next),
    ...upstreamFaults(running, next),
  ];
}

function tokenFaults({ auth, listen }: Config, next: Config): ConfigFault[] {
  const path = 'auth.admin_token';
  const token = next.auth.admin_token;
  if (token !== undefined)
    return isCut(auth.admin_token, token) ? [{ path, value: SECRET, allowed: CUT_SECRET }] : [];
  if (auth.admin_token !== undefined)
    return [{ path, value: MISSING, allowed: 'must be set until a restart, as one is in force' }];
  // The file may speak of loopback now, but the server still listens where it did.
  if (isLoopback(listen.host)) return [];
  return [{ path, value: MISSING, allowed: `must be set until a restart, for it listens on ${listen.host}` }];
}

function keyFaults({ auth }: Config, next: Config): ConfigFault[] {
  const path = 'auth.api_keys';
  const { api_keys: keys, allow_anonymous: isWanted } = next.auth;
  if (keys.length === 0) {
    if (auth.api_keys.length === 0 || isWanted) return [];
    const allowed = 'must keep a key until a restart, unless auth.allow_anonymous is true';
    return [{ path, value: MISSING, allowed }];
  }
  const known = new Set(auth.api_keys);
  return keys.flatMap((key, index) =>
    !known.has(key) && auth.api_keys.some((before) => isCut(before, key))
      ? [{ path: `${path}[${index}]`, value: SECRET, allowed: CUT_SECRET }]
      : [],
  );
}

function upstreamFaults({ config, found }: Running, next: Config): ConfigFault[] {
  if (next.upstreams.length === 0 && !found) {
    const allowed = 'must name one or more until a restart, or else what is found would serve in their place';
    return [{ path: 'upstreams', value: MISSING, allowed }];
  }
  const before = new Map(config.upstreams.map((upstream) => [upstream.name, upstream]));
  const faults = addressFaults(['redis', 'url'], config.redis?.url, next.redis?.url);
  next.upstreams.forEach(({ name, kind, url, models }, index) => {
    const same = before.get(name);
    faults.push(...addressFaults(['upstreams', index, 'url'], same?.url, url));
    // Without its list of models a lab serves all of them.
    if (kind === 'lab' && same?.kind === 'lab' && models.includes('*') && !same.models.includes('*')) {
      const allowed = 'must name models until a restart, or else a lab would answer for all of them';
      faults.push({ path: `upstreams[${index}].models`, value: '["*"]', allowed });
    }
  });
  return faults;
}

/** Calls, and the key that goes with them, must not go to where the beginning of an address leads. */
function addressFaults(
  path: readonly (string | number)[],
  before: string | undefined,
  after: string | undefined,
): ConfigFault[] {
  if (after === undefined || !isCut(before, after)) return [];
  if (URL.parse(after)?.host === URL.parse(before ?? '')?.host) return [];
  const allowed =
    'must not be a mere beginning of the one in force, as in a file that was cut, until a restart';
  return [{ path: formatPath(path), value: showValue(path, after), allowed }];
}

const CUT_SECRET = 'must not be a mere beginning of one in force, as in a file that was cut, until a restart';

/** Whether a value is what a cut leaves of another; a last `$` is what it leaves of a placeholder. */
function isCut(before: string | undefined, after: string): boolean {
  const left = after.replace(/\$$/, '');
  return before !== undefined && left.length < before.length && before.startsWith(left);
}
