/** Questions about models, answered from all upstreams together, in file order. */
import type { ServerResponse } from 'node:http';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import { sendJson } from '#lib/gateway/reply.ts';
import type { Catalogue } from '#lib/gateway/routes.ts';
import { translateUpstreamError } from '#lib/protocols/errors.ts';
import { modelsFromTags, showFromModel, tagsFromModels } from '#lib/protocols/models.ts';
import type { Json, JsonObject, Protocol } from '#lib/protocols/types.ts';
import { parseAnswer } from '#lib/protocols/upstream-answer.ts';
import { type AdminAnswer, askUpstream } from '#lib/upstream/admin.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';
import type { Upstreams } from '#lib/upstream/upstreams.ts';

/** The Ollama API whose shapes we speak; what `/api/version` says when no upstream is an Ollama. */
const OLLAMA_API_VERSION = '0.12.0';

/** @throws SwitchgearError as `askUpstream`, `model_not_found`, or `bad_request` for a model that is not named. */
export async function answerCatalogue(
  upstreams: Upstreams,
  question: Catalogue,
  path: string,
  body: Json,
  res: ServerResponse,
  headers: string[],
): Promise<void> {
  switch (question) {
    case 'models':
      return send(res, headers, { object: 'list', data: await everyModel(upstreams.list(), 'openai') });
    case 'tags':
      return send(res, headers, { models: await everyModel(upstreams.list(), 'ollama') });
    case 'ps':
      return send(res, headers, { models: await loadedModels(upstreams.list()) });
    case 'version':
      return send(res, headers, { version: await version(upstreams.list()) });
    case 'model':
      return send(res, headers, await oneModel(upstreams, decodeModel(path)));
    case 'show':
      return show(upstreams, body, res, headers);
    default:
      return question satisfies never;
  }
}

function send(res: ServerResponse, headers: string[], body: JsonObject): void {
  sendJson(res, 200, JSON.stringify(body), headers);
}

/** All models that are routed to their upstream; the first upstream to serve a name has it. */
async function everyModel(upstreams: readonly Upstream[], surface: Protocol): Promise<JsonObject[]> {
  const lists = await fromEach(upstreams, (upstream) => modelsOf(upstream, surface));
  const byName = new Map<string, JsonObject>();
  for (const model of lists.flat()) {
    const name = String(surface === 'openai' ? model.id : model.name);
    if (!byName.has(name)) byName.set(name, model);
  }
  return [...byName.values()];
}

async function modelsOf(upstream: Upstream, surface: Protocol): Promise<JsonObject[]> {
  const body = await askJson(upstream, upstream.protocol === 'openai' ? '/models' : '/api/tags');
  if (upstream.protocol === 'openai') {
    if (surface === 'ollama') return tagsFromModels(body).filter((tag) => upstream.serves(String(tag.name)));
    return listIn(body, 'data').filter((model) => upstream.serves(String(model.id)));
  }
  if (surface === 'openai')
    return modelsFromTags(body, upstream.name).filter((model) => upstream.serves(String(model.id)));
  return listIn(body, 'models').filter((tag) => upstream.serves(String(tag.name ?? tag.model)));
}

async function loadedModels(upstreams: readonly Upstream[]): Promise<JsonObject[]> {
  const native = upstreams.filter((upstream) => upstream.protocol === 'ollama');
  const lists = await fromEach(native, async (upstream) =>
    listIn(await askJson(upstream, '/api/ps'), 'models'),
  );
  return lists.flat();
}

async function version(upstreams: readonly Upstream[]): Promise<string> {
  const native = upstreams.filter((upstream) => upstream.protocol === 'ollama');
  const answers = await fromEach(native, (upstream) => askJson(upstream, '/api/version'));
  for (const answer of answers) {
    if (isObject(answer) && typeof answer.version === 'string') return answer.version;
  }
  return OLLAMA_API_VERSION;
}

async function oneModel(upstreams: Upstreams, name: string): Promise<JsonObject> {
  const models = await everyModel(upstreams.serving(name), 'openai');
  const found = models.find((model) => model.id === name || model.id === `${name}:latest`);
  if (found === undefined) throw unknownModel(name);
  return found;
}

async function show(upstreams: Upstreams, body: Json, res: ServerResponse, headers: string[]): Promise<void> {
  const name = isObject(body) ? (body.model ?? body.name) : undefined;
  if (typeof name !== 'string' || name === '') {
    throw new SwitchgearError('bad_request', 'model is required: the name of a model', { field: 'model' });
  }
  const [upstream] = upstreams.serving(name);
  if (upstream === undefined) throw unknownModel(name);
  const own = [...headers, 'x-switchgear-upstream', upstream.name];
  if (upstream.protocol === 'openai') {
    const model = (await modelsOf(upstream, 'openai')).find((each) => each.id === name);
    if (model === undefined) throw unknownModel(name);
    return send(res, own, showFromModel(model));
  }
  const answer = await askUpstream(upstream, 'POST', '/api/show', JSON.stringify(body));
  if (answer.status < 400) return sendJson(res, answer.status, answer.body, own);
  sendJson(
    res,
    answer.status,
    JSON.stringify(translateUpstreamError('ollama', 'ollama', answer.status, answer.body)),
    own,
  );
}

/** What the reachable ones say; an error only when none could say anything. */
async function fromEach<T>(
  upstreams: readonly Upstream[],
  ask: (upstream: Upstream) => Promise<T>,
): Promise<T[]> {
  const settled = await Promise.allSettled(upstreams.map(ask));
  const answers = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = settled.find((each) => each.status === 'rejected');
  if (answers.length === 0 && failed !== undefined) throw toSwitchgearError(failed.reason);
  return answers;
}

async function askJson(upstream: Upstream, path: string): Promise<Json> {
  const answer: AdminAnswer = await askUpstream(upstream, 'GET', path);
  if (answer.status >= 300) {
    throw new SwitchgearError(
      'upstream_error',
      `Upstream ${upstream.name} answered ${path} with status ${answer.status}`,
    );
  }
  return parseAnswer(answer.body, upstream.name);
}

function listIn(body: Json, key: string): JsonObject[] {
  const list = isObject(body) ? body[key] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeModel(path: string): string {
  const encoded = path.slice('/v1/models/'.length);
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw unknownModel(encoded);
  }
}

function unknownModel(name: string): SwitchgearError {
  return new SwitchgearError('model_not_found', `The model '${name.slice(0, 200)}' does not exist`, {
    field: 'model',
  });
}
