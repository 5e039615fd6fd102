/** Places in a configuration and the values at them. */

export type ConfigPath = readonly PropertyKey[];
export type Mapping = Record<string, unknown>;

const MAX_KEY_LENGTH = 60;

/** `upstreams[0].breaker.window_s`; keys that are no plain word are quoted and shortened. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^\w{1,60}$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(String(part).slice(0, MAX_KEY_LENGTH))}]`;
  }
  return text;
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part];
    else if (isMapping(value) && Object.hasOwn(value, part)) value = value[String(part)];
    else return undefined;
  }
  return value;
}

/** A copy with the value at a path replaced. A parent that is there but no mapping is left for the schema to refuse. */
export function withValue(root: Mapping, path: readonly string[], value: unknown): Mapping {
  const [key, ...rest] = path;
  if (key === undefined) return root;
  if (rest.length === 0) return { ...root, [key]: value };
  const child = root[key] ?? {};
  return isMapping(child) ? { ...root, [key]: withValue(child, rest, value) } : root;
}
