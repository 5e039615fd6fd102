/** Lists and descriptions of models in the other protocol's form. What is not known is left empty, not invented. */
import { isObject, numberIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

/** Ollama's `/api/tags` as the `data` of OpenAI's `/v1/models`. */
export function modelsFromTags(body: Json, ownedBy: string): JsonObject[] {
  if (!isObject(body)) return [];
  return objectsIn(body, 'models').flatMap((tag) => {
    const id = stringIn(tag, 'name') ?? stringIn(tag, 'model');
    if (id === null) return [];
    return [{ id, object: 'model', created: epochSeconds(stringIn(tag, 'modified_at')), owned_by: ownedBy }];
  });
}

/** OpenAI's `/v1/models` as the `models` of Ollama's `/api/tags`. */
export function tagsFromModels(body: Json): JsonObject[] {
  if (!isObject(body)) return [];
  return objectsIn(body, 'data').flatMap((model) => {
    const name = stringIn(model, 'id');
    if (name === null) return [];
    return [{ name, model: name, modified_at: isoOf(model), size: 0, digest: '', details: noDetails() }];
  });
}

/** A model of OpenAI's list as Ollama's `/api/show`. */
export function showFromModel(model: JsonObject): JsonObject {
  return { details: noDetails(), model_info: {}, capabilities: [], modified_at: isoOf(model) };
}

function noDetails(): JsonObject {
  return {
    parent_model: '',
    format: '',
    family: '',
    families: [],
    parameter_size: '',
    quantization_level: '',
  };
}

function isoOf(model: JsonObject): string {
  const seconds = numberIn(model, 'created') ?? 0;
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}

function epochSeconds(iso: string | null): number {
  const ms = iso === null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1_000);
}
