/** The data plane's front door: admits a request, reads it, and hands it to a relay or the catalogue. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { type KeyFacts, keyFactsOf } from '#lib/access/tokens.ts';
import type { Config } from '#lib/contracts/config.ts';
import { HTTP_STATUS, isSwitchgearError, SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import type { AnswerCache } from '#lib/gateway/answer-cache.ts';
import { NO_WISHES, wishesOf } from '#lib/gateway/cache-policy.ts';
import { answerCatalogue } from '#lib/gateway/catalogue.ts';
import { Delivery, type Outlets } from '#lib/gateway/delivery.ts';
import { requestIdOf } from '#lib/gateway/headers.ts';
import { randomId } from '#lib/gateway/ids.ts';
import { relayManagement } from '#lib/gateway/management.ts';
import { Relay } from '#lib/gateway/relay.ts';
import { ageSOf, Renderings } from '#lib/gateway/renderings.ts';
import { sendError } from '#lib/gateway/reply.ts';
import { pathOf, type Route, routeOf } from '#lib/gateway/routes.ts';
import { scopeOf } from '#lib/gateway/scope.ts';
import { type BodyLimits, collectBody, readBody } from '#lib/http/body.ts';
import type { RequestBodies } from '#lib/http/request-bodies.ts';
import { depthFault } from '#lib/json/depth.ts';
import { parseRequest } from '#lib/protocols/requests.ts';
import type { Endpoint, Json, Protocol } from '#lib/protocols/types.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { Upstreams } from '#lib/upstream/upstreams.ts';

export interface DataAccess {
  checkData(
    facts: KeyFacts & {
      method: string;
      host: string | undefined;
      origin: string | undefined;
      secFetchSite: string | undefined;
    },
  ): SwitchgearError | null;
  hasAdminToken(facts: KeyFacts): boolean;
}

/** Where traces of model calls begin and end. */
export interface RequestSink {
  begin(facts: { id: string; endpoint: Endpoint; userAgent: string | null; startedAt: number }): RequestTrace;
  /** @param complete whether the client got all that was sent to it */
  end(trace: RequestTrace, complete: boolean): void;
}

export interface GatewayParts {
  upstreams: Upstreams;
  access: () => DataAccess;
  config: () => Config;
  answers: AnswerCache;
  requests: RequestSink;
  outlets: Outlets;
  bodies: RequestBodies;
  /** Epoch milliseconds. */
  now: () => number;
  /** Told of every error that is ours, with its cause; never of a client's. */
  onInternalError: (error: SwitchgearError, requestId: string) => void;
}

const BYTES_PER_MB = 1024 * 1024;
/** What logs call a request whose client left before an answer began. */
const CLIENT_CLOSED = HTTP_STATUS.client_closed;

export class Gateway {
  readonly #parts: GatewayParts;
  #running = 0;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Data-plane requests that are not answered yet. */
  get running(): number {
    return this.#running;
  }

  /** Handles a data-plane request; answers false, having done nothing, when the path is not the data plane's. */
  handle(req: IncomingMessage, res: ServerResponse): boolean {
    const path = pathOf(req.url);
    const route = routeOf(path);
    if (route === null) return false;
    const startedAt = performance.now();
    const requestId = requestIdOf(req.headers['x-request-id'], randomId);
    const trace = route.kind === 'model_call' ? this.#trace(req, route.endpoint, requestId, startedAt) : null;
    this.#running += 1;
    res.once('close', () => {
      this.#running -= 1;
      if (trace !== null) this.#endTrace(trace, res);
    });
    const fail = (thrown: unknown) => {
      const error = toSwitchgearError(thrown);
      if (error.code === 'internal') this.#parts.onInternalError(error, requestId);
      trace?.failed(error.code);
      sendError(res, route.surface, error, ['x-request-id', requestId]);
    };
    try {
      this.#admit(req, res, route, path);
      if (trace === null) this.#serveOther(req, res, route, path, requestId).catch(fail);
      else this.#serveCall(req, res, route, trace, fail);
    } catch (thrown) {
      // Not while its bytes are still being parsed: what is wrong with the rest of them is told first.
      queueMicrotask(() => fail(thrown));
    }
    return true;
  }

  async #serveOther(
    req: IncomingMessage,
    res: ServerResponse,
    route: Route,
    path: string,
    requestId: string,
  ): Promise<void> {
    const { upstreams, config, outlets } = this.#parts;
    if (route.kind === 'catalogue') {
      checkEncoding(req, route.surface);
      const body = req.method === 'POST' ? parseJson(await readBody(req, res, this.#bodyLimits)) : null;
      await answerCatalogue(upstreams, route.catalogue, path, body, res, ['x-request-id', requestId]);
    } else if (route.kind === 'management') {
      const caller = { requestId, forwardCredentials: this.#forwardsCredentials(req) };
      await relayManagement(upstreams, config(), req, res, caller, outlets.slow);
    } else throw new SwitchgearError('not_found', `Unknown path ${req.method} ${path.slice(0, 200)}`);
  }

  /** Without a turn of the event loop between the body's end and an answer that is ready. */
  #serveCall(
    req: IncomingMessage,
    res: ServerResponse,
    route: Route,
    trace: RequestTrace,
    fail: (thrown: unknown) => void,
  ): void {
    checkEncoding(req, route.surface);
    const answer = (bytes: Buffer) => {
      try {
        this.#answer(req, new Delivery(res, route.surface, trace, this.#parts.outlets), bytes);
      } catch (thrown) {
        fail(thrown);
      }
    };
    collectBody(req, res, this.#bodyLimits, answer, fail);
  }

  /** @throws SwitchgearError for what is no proper request */
  #answer(req: IncomingMessage, delivery: Delivery, bytes: Buffer): void {
    const { answers, upstreams } = this.#parts;
    const config = this.#parts.config();
    const { trace } = delivery;
    const wishes = wishesOf(req.headers['cache-control']);
    const scope = scopeOf(req, config.cache);
    const renderingKey =
      answers.isOn && wishes === NO_WISHES ? Renderings.keyOf(trace.endpoint, scope, bytes) : null;
    if (renderingKey !== null && this.#serveRendering(renderingKey, delivery)) return;
    const request = parseRequest(trace.endpoint, parseJson(bytes));
    trace.read(request.model, request.stream, performance.now());
    const candidates = () => upstreams.serving(request.model);
    if (candidates().length === 0) {
      const text = `The model '${request.model.slice(0, 200)}' is not served by any upstream`;
      throw new SwitchgearError('model_not_found', text, { field: 'model' });
    }
    new Relay({
      req,
      delivery,
      request,
      bytes,
      candidates,
      answers,
      wishes,
      scope,
      renderingKey,
      onInternalError: (error) => this.#parts.onInternalError(error, trace.id),
      context: { id: randomId(), now: this.#parts.now, monotonicMs },
      forwardCredentials: this.#forwardsCredentials(req),
    }).advance();
  }

  /** Whether what the client sent as a credential was not meant for us. */
  #forwardsCredentials({ headers }: IncomingMessage): boolean {
    if (this.#parts.config().auth.api_keys.length > 0) return false;
    return !this.#parts.access().hasAdminToken(keyFactsOf(headers));
  }

  get #bodyLimits(): BodyLimits {
    const maxBytes = this.#parts.config().limits.body_mb * BYTES_PER_MB;
    return { bodies: this.#parts.bodies, maxBytes };
  }

  /** A repeat, byte for byte, of what was answered from the cache before. */
  #serveRendering(key: string, delivery: Delivery): boolean {
    const { answers } = this.#parts;
    const rendering = answers.renderings.get(key);
    if (rendering === null || answers.isDrawn()) return false;
    const { held, upstream, model, stream, body } = rendering;
    const { trace } = delivery;
    trace.read(model, stream, performance.now());
    trace.upstream = upstream.name;
    trace.how = 'cache';
    for (const each of held) {
      answers.cache.memory.touch(each);
      answers.served('hit_memory', each.entry, upstream);
    }
    delivery.trace.lookedUpAt = performance.now();
    const age = ageSOf(
      held.map(({ entry }) => entry),
      this.#parts.now(),
    );
    const origin = { cache: 'hit', upstream: upstream.name, age } as const;
    if (stream) delivery.rendered(body, origin);
    else delivery.whole(body, origin);
    return true;
  }

  #trace(req: IncomingMessage, endpoint: Endpoint, id: string, startedAt: number): RequestTrace {
    return this.#parts.requests.begin({
      id,
      endpoint,
      userAgent: req.headers['user-agent'] ?? null,
      startedAt,
    });
  }

  #endTrace(trace: RequestTrace, res: ServerResponse): void {
    trace.status = res.headersSent ? res.statusCode : CLIENT_CLOSED;
    this.#parts.requests.end(trace, res.writableFinished);
  }

  #admit(req: IncomingMessage, res: ServerResponse, route: Route, path: string): void {
    const { headers } = req;
    const method = req.method ?? 'GET';
    const refusal = this.#parts.access().checkData({
      method,
      host: headers.host,
      origin: headers.origin,
      ...keyFactsOf(headers),
      secFetchSite: stringOf(headers['sec-fetch-site']),
    });
    if (refusal !== null) throw refusal;
    if (route.kind !== 'unknown' && !route.methods.includes(method)) {
      res.setHeader('allow', route.methods.join(', '));
      throw new SwitchgearError(
        'method_not_allowed',
        `${method} is not allowed on ${path}; use ${route.methods.join(' or ')}`,
      );
    }
  }
}

const monotonicMs = (): number => performance.now();

function stringOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** @throws SwitchgearError `unsupported_media_type` */
function checkEncoding({ headers }: IncomingMessage, surface: Protocol): void {
  checkContentType(headers['content-type'], surface);
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new SwitchgearError(
    'unsupported_media_type',
    `content-encoding ${encoding.slice(0, 50)} is not supported; send the body plain`,
  );
}

/** Ollama reads JSON whatever curl's default content type says, and its documentation's examples rely on it. */
function checkContentType(contentType: string | undefined, surface: Protocol): void {
  if (contentType === undefined) return;
  const end = contentType.indexOf(';');
  const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  if (
    type === 'application/json' ||
    type === '' ||
    (type.startsWith('application/') && type.endsWith('+json'))
  )
    return;
  if (surface === 'ollama' && type === 'application/x-www-form-urlencoded') return;
  throw new SwitchgearError(
    'unsupported_media_type',
    `content-type ${type.slice(0, 100)} is not supported; use application/json`,
  );
}

function parseJson(bytes: Buffer): Json {
  if (bytes.length === 0)
    throw new SwitchgearError('invalid_json', 'The request body is empty; a JSON object is needed');
  try {
    const text = bytes.toString('utf8');
    const fault = depthFault(text);
    if (fault !== null) throw new SwitchgearError('invalid_json', `The request body is ${fault}`);
    return JSON.parse(text) as Json;
  } catch (cause) {
    if (isSwitchgearError(cause)) throw cause;
    throw new SwitchgearError('invalid_json', 'The request body is not valid JSON', { cause });
  }
}
