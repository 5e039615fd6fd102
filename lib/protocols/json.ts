/** Reads values out of JSON whose shape is not known. */
import { SwitchgearError } from '#lib/errors.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectIn(parent: JsonObject, key: string): JsonObject | null {
  const value = parent[key];
  return isObject(value) ? value : null;
}

/** The objects of a list; what is no list has none. */
export function objectsIn(parent: JsonObject, key: string): JsonObject[] {
  const value = parent[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function stringIn(parent: JsonObject, key: string): string | null {
  const value = parent[key];
  return typeof value === 'string' ? value : null;
}

export function numberIn(parent: JsonObject, key: string): number | null {
  const value = parent[key];
  return typeof value === 'number' ? value : null;
}

/** A copy with those fields that are neither undefined nor null. */
export function present(fields: Record<string, Json | undefined>): JsonObject {
  const object: JsonObject = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) object[key] = value;
  }
  return object;
}

export function inexpressible(field: string, message: string): SwitchgearError {
  return new SwitchgearError('bad_request', `${field}: ${message}`, { field });
}
