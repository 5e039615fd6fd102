/**
 * The smallest value that fits a JSON Schema. Honoured: `type` (also a list), `properties`, `required` (all
 * properties without it), `items`, `prefixItems`, `minItems`, `enum`, `const`, `minimum`, `exclusiveMinimum`,
 * `maximum`, `minLength`, `maxLength`, the first of `anyOf` and `oneOf`, all of `allOf` merged, `$ref` within the
 * document, and the formats of `FORMATS`. Not honoured: `pattern`, `multipleOf`, `not`, conditionals.
 */
import { isObject, numberIn, objectIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

/** Recursive schemas end here with null. */
const MAX_DEPTH = 16;
/** Values in one answer; what would come after them is null. */
const MAX_VALUES = 5_000;
const MAX_ITEMS = 100;
const MAX_LENGTH = 10_000;

const FORMATS: Record<string, string> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'lab@example.org',
  uri: 'https://example.org/lab',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** Where free values come from. */
export interface ValueSource {
  text(property: string): string;
  number(): number | null;
}

/** The values of an answer that has nothing to go by. */
export const labValues: ValueSource = { text: () => 'lab', number: () => null };

interface Context {
  readonly source: ValueSource;
  readonly root: Json | undefined;
  valuesLeft: number;
}

export function valueFor(schema: Json | undefined, source: ValueSource): Json {
  return build(schema, { source, root: schema, valuesLeft: MAX_VALUES }, '', 0);
}

function build(schema: Json | undefined, context: Context, property: string, depth: number): Json {
  const { source, root } = context;
  context.valuesLeft -= 1;
  if (!isObject(schema) || depth > MAX_DEPTH || context.valuesLeft < 0) return schema === true ? {} : null;
  const within = (part: Json | undefined, name = property) => build(part, context, name, depth + 1);
  const { const: constant, enum: allowed } = schema;
  if (constant !== undefined) return constant;
  if (Array.isArray(allowed) && allowed[0] !== undefined) return allowed[0];
  const reference = stringIn(schema, '$ref');
  if (reference !== null) return within(resolve(reference, root));
  const [option] = [...objectsIn(schema, 'anyOf'), ...objectsIn(schema, 'oneOf')];
  if (option !== undefined) return within(option);
  const parts = objectsIn(schema, 'allOf');
  if (parts.length > 0) return within(merged(schema, parts, root));
  switch (typeOf(schema)) {
    case 'object':
      return objectFor(schema, within);
    case 'array':
      return listFor(schema, within);
    case 'integer':
      return numberFor(schema, source, true);
    case 'number':
      return numberFor(schema, source, false);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textFor(schema, source.text(property));
  }
}

function typeOf(schema: JsonObject): string {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (typeof type === 'string') return type;
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  return schema.items === undefined ? 'string' : 'array';
}

function objectFor(schema: JsonObject, within: (part: Json | undefined, name: string) => Json): JsonObject {
  const properties = objectIn(schema, 'properties') ?? {};
  const names = Array.isArray(schema.required)
    ? schema.required.filter((name) => typeof name === 'string')
    : Object.keys(properties);
  return Object.fromEntries(
    names.map((name) => [name, within(properties[name] ?? { type: 'string' }, name)]),
  );
}

function listFor(schema: JsonObject, within: (part: Json | undefined) => Json): Json[] {
  const first = Array.isArray(schema.prefixItems) ? schema.prefixItems.slice(0, MAX_ITEMS) : [];
  const count = Math.min(numberIn(schema, 'minItems') ?? 1, MAX_ITEMS);
  const items = first.map((item) => within(item));
  while (items.length < count && schema.items !== false) items.push(within(schema.items ?? {}));
  return items;
}

function numberFor(schema: JsonObject, source: ValueSource, integer: boolean): number {
  const exclusive = numberIn(schema, 'exclusiveMinimum');
  const floor = numberIn(schema, 'minimum') ?? (exclusive === null ? null : exclusive + 1);
  const ceiling = numberIn(schema, 'maximum');
  let value = source.number() ?? floor ?? 0;
  if (floor !== null) value = Math.max(value, floor);
  if (ceiling !== null) value = Math.min(value, ceiling);
  if (!integer) return value;
  return floor === null ? Math.floor(value) : Math.ceil(value);
}

function textFor(schema: JsonObject, text: string): string {
  const formatted = FORMATS[stringIn(schema, 'format') ?? ''];
  if (formatted !== undefined) return formatted;
  const longEnough = text.padEnd(Math.min(numberIn(schema, 'minLength') ?? 0, MAX_LENGTH), '.');
  return longEnough.slice(0, numberIn(schema, 'maxLength') ?? MAX_LENGTH);
}

/** One schema of several: properties and required names together, later keywords over earlier ones. */
function merged(schema: JsonObject, parts: readonly JsonObject[], root: Json | undefined): JsonObject {
  const { allOf: _, ...rest } = schema;
  let whole: JsonObject = { ...rest };
  for (const part of parts) {
    const reference = stringIn(part, '$ref');
    const found = reference === null ? part : resolve(reference, root);
    if (!isObject(found)) continue;
    const required = [whole.required, found.required].flatMap((names) => (Array.isArray(names) ? names : []));
    whole = {
      ...whole,
      ...found,
      properties: { ...objectIn(whole, 'properties'), ...objectIn(found, 'properties') },
      ...(required.length > 0 ? { required } : {}),
    };
  }
  return whole;
}

/** A JSON Pointer (RFC 6901) within the document. */
function resolve(reference: string, root: Json | undefined): Json | undefined {
  if (!reference.startsWith('#')) return undefined;
  let found: Json | undefined = root;
  for (const step of reference.slice(1).split('/').filter(Boolean)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}
