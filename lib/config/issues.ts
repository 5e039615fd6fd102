/** From what the schema refuses to faults that a person can act on. */
import type { z } from 'zod';
import { type ConfigFault, MISSING, UNKNOWN_KEY } from '#lib/config/faults.ts';
import { type ConfigPath, formatPath, isMapping, type Mapping, valueAt } from '#lib/config/paths.ts';
import { describeNode, nodeAt } from '#lib/config/schema.ts';
import { SECRET, showValue } from '#lib/config/secrets.ts';
import { suggestKey } from '#lib/config/suggest.ts';
import { ONE_REDIS } from '#lib/contracts/config.ts';

/** Where the values of a configuration come from, other than literally from its file. */
export interface Origins {
  /** Formatted paths at which an environment variable was put in by `${NAME}`. */
  substituted: ReadonlySet<string>;
  /** Formatted paths whose value an environment variable replaced, with that variable's name. */
  overlaid: ReadonlyMap<string, string>;
}

type Issue = z.core.$ZodIssue;

/** The faults behind the schema's issues. `raw` is what was validated. */
export function faultsOf(issues: readonly Issue[], raw: Mapping, origins: Origins): ConfigFault[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: formatPath([...issue.path, key]),
        value: UNKNOWN_KEY,
        allowed: suggestKey(issue.path, key),
      }));
    }
    return [faultAt(issue.path, raw, origins, allowedBy(issue))];
  });
}

/** A fault at a path of the configuration, with its value shown as far as it may be. */
export function faultAt(path: ConfigPath, raw: Mapping, origins: Origins, allowed: string): ConfigFault {
  const place = formatPath(path);
  const value = valueAt(raw, path);
  const shown = origins.substituted.has(place) ? SECRET : showValue(path, value);
  return {
    path: origins.overlaid.get(place) ?? place,
    value: value === undefined ? MISSING : shown,
    allowed,
  };
}

/**
 * What must hold between keys. The schema says it too, but zod asks that only once every single value is right, and
 * all faults are to be named at once.
 */
export function crossFaults(raw: Mapping, origins: Origins): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const names = new Set<string>();
  const upstreams = Array.isArray(raw.upstreams) ? raw.upstreams : [];
  upstreams.forEach((upstream: unknown, index) => {
    if (!isMapping(upstream)) return;
    const { name, kind, url } = upstream;
    if ((kind === 'ollama' || kind === 'openai') && url === undefined) {
      const allowed = `is required for kind ${kind}: an http:// or https:// URL`;
      faults.push(faultAt(['upstreams', index, 'url'], raw, origins, allowed));
    }
    if (typeof name !== 'string') return;
    if (names.has(name)) {
      faults.push(faultAt(['upstreams', index, 'name'], raw, origins, 'must be unique among upstreams'));
    }
    names.add(name);
  });
  const { redis } = raw;
  if (isMapping(redis) && [redis.url, redis.cluster, redis.sentinel].filter(Boolean).length !== 1)
    faults.push(faultAt(['redis', 'url'], raw, origins, ONE_REDIS));
  return faults;
}

function allowedBy(issue: Issue): string {
  // The schema's own texts are written for readers; zod's are not.
  if (/^(?:must|is required) /.test(issue.message)) return issue.message;
  const node = nodeAt(issue.path);
  return node === null ? 'must be something else' : `must be ${describeNode(node)}`;
}
