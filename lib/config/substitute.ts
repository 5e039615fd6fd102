/** Puts environment variables into a configuration: `${NAME}` takes the variable, `$${` is a plain `${`. */
import type { Env } from '#lib/config/environment.ts';
import type { ConfigFault } from '#lib/config/faults.ts';
import { type ConfigPath, formatPath, isMapping, type Mapping } from '#lib/config/paths.ts';
import { nodeAt } from '#lib/config/schema.ts';

export interface Substituted {
  value: Mapping;
  faults: ConfigFault[];
  /** Formatted paths of the strings that took a variable. */
  places: Set<string>;
}

/** One that is not closed is none either: as a plain text it would be a secret that anyone can guess. */
const PLACEHOLDER = /\$?\$\{([^{}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Aliases can make a small file a deep or large configuration. */
const MAX_DEPTH = 20;
const MAX_VALUES = 100_000;

/** Throws a `RangeError` when the configuration is nested too deeply or has too many values. */
export function substitute(root: Mapping, env: Env): Substituted {
  const walk = new Walk(env);
  const value = Object.fromEntries(
    Object.entries(root).map(([key, child]) => [key, walk.visit(child, [key])]),
  );
  return { value, faults: walk.faults, places: walk.places };
}

class Walk {
  readonly faults: ConfigFault[] = [];
  readonly places = new Set<string>();
  readonly #env: Env;
  #values = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  visit(value: unknown, path: ConfigPath): unknown {
    this.#values += 1;
    if (path.length > MAX_DEPTH || this.#values > MAX_VALUES) throw new RangeError('too large');
    if (typeof value === 'string') return this.#fill(value, path);
    if (Array.isArray(value)) return value.map((child, index) => this.visit(child, [...path, index]));
    if (isMapping(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, child]) => [key, this.visit(child, [...path, key])]),
      );
    }
    // `cache:` with all of its keys commented out is an empty mapping to who wrote it.
    return value === null && nodeAt(path)?.type === 'object' ? {} : value;
  }

  #fill(text: string, path: ConfigPath): unknown {
    const place = formatPath(path);
    let taken = false;
    const filled = text.replace(PLACEHOLDER, (placeholder, name: string, end: string) => {
      if (placeholder.startsWith('$$')) return placeholder.slice(1);
      const isName = end !== '' && NAME.test(name);
      const variable = isName ? this.#env[name] : undefined;
      if (variable !== undefined) taken = true;
      else this.faults.push(isName ? missing(place, name) : unnamed(place));
      return variable ?? placeholder;
    });
    if (!taken) return filled;
    this.places.add(place);
    return convert(filled, nodeAt(path)?.type);
  }
}

/** A variable is a string; where the schema wants a number or a boolean, one that looks like it becomes it. */
function convert(text: string, type: string | undefined): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function unnamed(path: string): ConfigFault {
  const allowed = 'must hold the name of an environment variable; write $${ for a plain ${';
  return { path, value: `\${…}`, allowed };
}

function missing(path: string, name: string): ConfigFault {
  return { path, value: `\${${name}}`, allowed: `the environment variable ${name} must be set` };
}
