/** The JSON Schema of `switchgear.yaml`, and the words for what it allows at a path. */
import { z } from 'zod';
import type { ConfigPath } from '#lib/config/paths.ts';
import { configSchema } from '#lib/contracts/config.ts';

/** The part of JSON Schema that the configuration uses. */
export interface SchemaNode {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  description?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  items?: SchemaNode;
  enum?: string[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
}

let cached: SchemaNode | null = null;

/** The schema of what may be written, not of what is read: keys with a default are optional. */
export function configJsonSchema(): SchemaNode {
  cached ??= z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'string' && 'protocol' in def && def.protocol instanceof RegExp) {
        jsonSchema.pattern = `^${def.protocol.source.replace(/^\^|\$$/g, '')}://`;
      }
    },
  }) as SchemaNode; // zod's type is all of JSON Schema; a test walks every node of ours.
  return cached;
}

/** The schema at a path, or null when the path leads nowhere. */
export function nodeAt(path: ConfigPath): SchemaNode | null {
  let node: SchemaNode | undefined = configJsonSchema();
  for (const part of path) {
    node = typeof part === 'number' ? node?.items : ownProperty(node?.properties, String(part));
  }
  return node ?? null;
}

/** The name of a kind of value, as it is allowed: `an integer from 1 to 600`. */
export function describeNode(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  switch (node.type) {
    case 'object':
      return 'a mapping';
    case 'array':
      return node.minItems === undefined ? 'a list' : `a list of at least ${node.minItems}`;
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `an integer${rangeOf(node)}`;
    case 'number':
      return `a number${rangeOf(node)}`;
    case 'string':
      return stringOf(node);
    default:
      return 'something else';
  }
}

function stringOf({ format, pattern, minLength, maxLength }: SchemaNode): string {
  if (format === 'uri') {
    const scheme = /^\^(\w+)s\?:\/\/$/.exec(pattern ?? '')?.[1];
    return scheme === undefined ? 'a URL' : `a URL that begins with ${scheme}:// or ${scheme}s://`;
  }
  const form = pattern === undefined ? '' : ` like ${pattern}`;
  const least = minLength === undefined ? '' : ` of at least ${plural(minLength, 'character')}`;
  const most = maxLength === undefined ? '' : ` of at most ${plural(maxLength, 'character')}`;
  return `a string${form}${least}${most}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  // zod gives integers without a maximum that of a safe integer, which says nothing to a reader.
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? null : maximum;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${most === null ? '' : `, at most ${most}`}`;
  if (minimum !== undefined) return most === null ? ` of at least ${minimum}` : ` from ${minimum} to ${most}`;
  return most === null ? '' : ` of at most ${most}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function ownProperty<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
