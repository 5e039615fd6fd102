/** The lab's HTTP server: finds the answer for a path, lets faults strike model calls, and words the errors. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isSwitchgearError } from '#lib/errors.ts';
import { readBody } from '#lib/http/body.ts';
import { RequestBodies } from '#lib/http/request-bodies.ts';
import { depthFault } from '#lib/json/depth.ts';
import { loadedModels, openaiModel, openaiModels, show, tags, version } from '#lib/lab/catalogue-answers.ts';
import { type Clock, sleep } from '#lib/lab/clock.ts';
import type { Engine } from '#lib/lab/engine.ts';
import type { Strike } from '#lib/lab/fault-plan.ts';
import { answerEmbed, answerEmbeddings, answerOllama } from '#lib/lab/ollama-answers.ts';
import { answerOpenai, answerOpenaiEmbeddings } from '#lib/lab/openai-answers.ts';
import { Refusal } from '#lib/lab/refusal.ts';
import { Reply } from '#lib/lab/reply.ts';
import { isObject } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

export interface LabServerParts {
  engine: Engine;
  clock: Clock;
  /** Asked once for every model call. */
  strike: () => Strike;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** What `rate_limit` advises. */
const RETRY_AFTER_S = '1';
const OPENAI_MODEL = '/v1/models/';

type ModelCall = (body: JsonObject, engine: Engine, reply: Reply, id: string) => Promise<void>;

/** Model calls: all are POST, and faults strike them. */
const modelCalls: Record<string, ModelCall> = {
  '/api/chat': (body, engine, reply) => answerOllama('chat', body, engine, reply),
  '/api/generate': (body, engine, reply) => answerOllama('generate', body, engine, reply),
  '/api/embed': answerEmbed,
  '/api/embeddings': answerEmbeddings,
  '/v1/chat/completions': (body, engine, reply, id) => answerOpenai('chat', body, engine, reply, id),
  '/v1/completions': (body, engine, reply, id) => answerOpenai('completions', body, engine, reply, id),
  '/v1/embeddings': answerOpenaiEmbeddings,
};

export function createLabServer({ engine, clock, strike }: LabServerParts): Server {
  let calls = 0;
  const limits = { bodies: new RequestBodies(), maxBytes: MAX_BODY_BYTES };

  const questions: Record<string, () => unknown> = {
    '/': () => ({ status: 'The Switchgear lab is running' }),
    '/api/version': version,
    '/api/tags': tags,
    '/api/ps': () => loadedModels(engine.memory.list(), clock.now()),
    '/v1/models': openaiModels,
  };

  function look(path: string): unknown {
    const question = Object.hasOwn(questions, path) ? questions[path] : undefined;
    if (question !== undefined) return question();
    if (path.startsWith(OPENAI_MODEL)) return openaiModel(decodeName(path.slice(OPENAI_MODEL.length)));
    const known = path === '/api/show' || Object.hasOwn(modelCalls, path);
    throw known ? new Refusal(405, 'method not allowed') : new Refusal(404, '404 page not found');
  }

  async function answer(path: string, req: IncomingMessage, res: ServerResponse, signal: AbortSignal) {
    const reply = new Reply(res, signal, false);
    if (req.method === 'GET' || req.method === 'HEAD') return reply.json(200, look(path));
    const call = Object.hasOwn(modelCalls, path) ? modelCalls[path] : undefined;
    if (req.method !== 'POST' || (call === undefined && path !== '/api/show')) {
      throw Object.hasOwn(questions, path) || call !== undefined
        ? new Refusal(405, 'method not allowed')
        : new Refusal(404, '404 page not found');
    }
    const body = parse(await readBody(req, res, limits));
    if (call === undefined) return reply.json(200, show(body));
    calls += 1;
    const { delayMs, outcome } = strike();
    if (delayMs > 0) await sleep(delayMs, clock, signal);
    switch (outcome?.kind) {
      case 'hang':
        return undefined;
      case 'error':
        throw new Refusal(outcome.status, 'fault injected by the lab: error');
      case 'rate_limit': {
        const refusal = bodyOf(path, outcome.status, 'fault injected by the lab: rate limit');
        return reply.json(outcome.status, refusal, { 'retry-after': RETRY_AFTER_S });
      }
      default:
        return call(body, engine, new Reply(res, signal, outcome?.kind === 'cut'), `lab-${calls}`);
    }
  }

  return createServer((req, res) => {
    const left = new AbortController();
    res.once('close', () => left.abort());
    res.on('error', () => {});
    res.setHeader('server', 'switchgear-lab');
    const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
    answer(path, req, res, left.signal).catch((thrown: unknown) => {
      if (left.signal.aborted) return;
      const reply = new Reply(res, left.signal, false);
      if (reply.started) return reply.abort();
      const { status, message } = errorOf(thrown);
      reply.json(status, bodyOf(path, status, message));
    });
  });
}

function parse(bytes: Buffer): JsonObject {
  let body: Json;
  const text = bytes.toString('utf8');
  const fault = depthFault(text);
  if (fault !== null) throw new Refusal(400, `the request body is ${fault}`);
  try {
    body = JSON.parse(text) as Json;
  } catch {
    throw new Refusal(400, 'invalid JSON in the request body');
  }
  if (!isObject(body)) throw new Refusal(400, 'the request body must be a JSON object');
  return body;
}

function errorOf(thrown: unknown): { status: number; message: string } {
  if (thrown instanceof Refusal || isSwitchgearError(thrown)) return thrown;
  return { status: 500, message: 'internal error of the lab' };
}

/** An error as the protocol of the path words it. */
function bodyOf(path: string, status: number, message: string) {
  if (!path.startsWith('/v1/')) return { error: message };
  const code = status === 404 && message.startsWith('model ') ? 'model_not_found' : null;
  return { error: { message, type: typeOf(status), param: null, code } };
}

function typeOf(status: number): string {
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}

function decodeName(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
