/** What the lab says about itself and its models, in Ollama's words and in OpenAI's. */
import { modelIn } from '#lib/lab/fields.ts';
import type { LoadedModel } from '#lib/lab/memory.ts';
import {
  CATALOGUE_DATE,
  detailsOf,
  findModel,
  LAB_MODELS,
  LAB_VERSION,
  type LabModel,
} from '#lib/lab/models.ts';
import { Refusal } from '#lib/lab/refusal.ts';
import type { JsonObject } from '#lib/protocols/types.ts';

/** Stands for "for good" where Ollama shows a date. */
const FOREVER_MS = 100 * 365 * 86_400_000;
const NOTICE = 'A stand-in of the Switchgear lab: its answers are sample text and no AI model writes them.';

export function tags() {
  return { models: LAB_MODELS.map((model) => ({ ...entryOf(model), modified_at: CATALOGUE_DATE })) };
}

/** `GET /api/ps`. @param now epoch milliseconds */
export function loadedModels(loaded: readonly LoadedModel[], now: number) {
  return {
    models: loaded.map(({ model, expiresAtMs }) => ({
      ...entryOf(model),
      expires_at: new Date(expiresAtMs ?? now + FOREVER_MS).toISOString(),
      size_vram: model.sizeBytes,
      context_length: model.contextLength,
    })),
  };
}

export function version() {
  return { version: LAB_VERSION };
}

/** `POST /api/show`. @throws Refusal 400, 404 */
export function show(body: JsonObject) {
  const model = modelIn(body);
  return {
    license: NOTICE,
    modelfile: `# ${NOTICE}\nFROM ${model.name}`,
    parameters: '',
    template: '{{ .Prompt }}',
    details: detailsOf(model),
    model_info: {
      'general.architecture': 'lab',
      'general.description': NOTICE,
      'lab.context_length': model.contextLength,
    },
    capabilities: model.capabilities,
    modified_at: CATALOGUE_DATE,
  };
}

export function openaiModels() {
  return { object: 'list', data: LAB_MODELS.map(openaiEntryOf) };
}

/** @throws Refusal 404 */
export function openaiModel(name: string) {
  const model = findModel(name);
  if (model === undefined) throw new Refusal(404, `model '${name}' not found`);
  return openaiEntryOf(model);
}

function entryOf(model: LabModel) {
  const { name, digest } = model;
  return { name, model: name, size: model.sizeBytes, digest, details: detailsOf(model) };
}

function openaiEntryOf({ name }: LabModel) {
  return {
    id: name,
    object: 'model',
    created: Math.floor(Date.parse(CATALOGUE_DATE) / 1_000),
    owned_by: 'lab',
  };
}
