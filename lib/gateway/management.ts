/** Ollama's management calls (pull, push, create, copy, delete, blobs): refused unless the operator allows them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '#lib/contracts/config.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { SlowReader, SlowReaders } from '#lib/gateway/client/slow-readers.ts';
import { withoutCredentials } from '#lib/gateway/credential-headers.ts';
import { clientHeaders, upstreamHeaders } from '#lib/gateway/headers.ts';
import { sendError } from '#lib/gateway/reply.ts';
import { circuitOpen } from '#lib/upstream/admin.ts';
import type { CallRequest, UpstreamCall } from '#lib/upstream/call.ts';
import { outbound } from '#lib/upstream/outbound.ts';
import { errorOfCall, failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';
import type { Upstreams } from '#lib/upstream/upstreams.ts';

const MANAGEMENT = outbound('relayManagement', import.meta.url);

interface Caller {
  readonly requestId: string;
  /** Whether its credentials were not meant for us. */
  readonly forwardCredentials: boolean;
}

/**
 * Streams the call to the first upstream of kind ollama and its answer back, both ways unchanged (a blob is
 * gigabytes, a pull reports progress for minutes).
 * @throws SwitchgearError `forbidden`, `not_found` when no upstream is an Ollama, `circuit_open`, `queue_full`,
 *   `shutting_down` when the upstream was taken away meanwhile.
 */
export async function relayManagement(
  upstreams: Upstreams,
  config: Config,
  req: IncomingMessage,
  res: ServerResponse,
  { requestId, forwardCredentials }: Caller,
  slow: SlowReaders,
): Promise<void> {
  if (!config.allow_model_management) {
    throw new SwitchgearError(
      'forbidden',
      'Model management is off; set allow_model_management: true to allow it',
    );
  }
  const upstream = upstreams.list().find((each) => each.config.kind === 'ollama');
  if (upstream === undefined)
    throw new SwitchgearError('not_found', 'No upstream of kind ollama is configured');
  const refusal = upstream.breakers.admin.refusal();
  if (refusal !== null) throw circuitOpen(`${upstream.name}.admin`, refusal.retryAfterMs);
  if (!upstream.slots.tryAcquire()) {
    await waitForSlot(upstream, res);
  }
  const { carrier } = upstream;
  if (carrier === null) {
    upstream.slots.release();
    throw upstream.gone;
  }
  stream(carrier, req, res, { requestId, forwardCredentials }, slow);
}

/** @throws SwitchgearError `queue_full`, or `client_closed` when the client leaves the queue. */
function waitForSlot(upstream: Upstream, res: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = upstream.slots.wait(null, resolve, reject);
    res.once('close', () => {
      waiting.cancel();
      reject(new SwitchgearError('client_closed', 'The client left the queue'));
    });
  });
}

/** A blob of gigabytes is on its way for long before the first byte of an answer. */
const TRANSFER_MS = 24 * 60 * 60 * 1_000;

function stream(
  upstream: Upstream,
  req: IncomingMessage,
  res: ServerResponse,
  { requestId, forwardCredentials }: Caller,
  slow: SlowReaders,
): void {
  const permit = upstream.breakers.admin.admit();
  if (!permit.admitted) {
    upstream.slots.release();
    throw circuitOpen(`${upstream.name}.admin`, permit.retryAfterMs);
  }
  const target = req.url ?? '/';
  const isOurs = !forwardCredentials || upstream.authorization !== null;
  const headers = upstreamHeaders(req.rawHeaders, {
    requestId,
    authorization: upstream.authorization,
    forwardCredentials,
  });
  const length = req.headers['content-length'];
  if (length !== undefined) headers.push('content-length', length);
  const hasBody = length !== undefined || req.headers['transfer-encoding'] !== undefined;
  const method = (req.method ?? 'GET') as CallRequest['method'];
  const client: SlowReader = {
    get heldBytes() {
      return res.writableLength;
    },
    letGo: () => res.destroy(),
  };
  let isBehind = false;
  const caughtUp = () => {
    isBehind = false;
    slow.remove(client);
    call.resume();
  };
  const call: UpstreamCall = upstream.call(
    MANAGEMENT,
    permit,
    { method, path: isOurs ? withoutCredentials(target) : target, headers, body: hasBody ? req : null },
    {
      onHead(status, answerHeaders, decoded) {
        permit.settle(outcomeOfStatus(status, answerHeaders, Date.now()));
        const own = ['x-request-id', requestId, 'x-switchgear-upstream', upstream.name];
        const contentType = answerHeaders['content-type'];
        if (typeof contentType === 'string') own.push('content-type', contentType);
        const answerLength = answerHeaders['content-length'];
        if (typeof answerLength === 'string' && !decoded) own.push('content-length', answerLength);
        res.writeHead(status, [...clientHeaders(answerHeaders), ...own]);
      },
      onData(chunk) {
        if (res.write(chunk)) return true;
        // What is parsed already still comes after a pause.
        if (!isBehind) {
          isBehind = true;
          slow.add(client);
          res.once('drain', caughtUp);
        }
        return false;
      },
      onEnd() {
        upstream.slots.release();
        res.end();
      },
      onError(error) {
        upstream.slots.release();
        permit.settle(failureOf(error));
        if (res.headersSent) res.destroy();
        else sendError(res, 'ollama', errorOfCall(upstream.name, error), ['x-request-id', requestId]);
      },
    },
    { ...upstream.config.timeout, first_byte_ms: TRANSFER_MS, total_ms: TRANSFER_MS },
  );
  res.once('close', () => {
    slow.remove(client);
    if (res.writableFinished || !call.abort()) return;
    upstream.slots.release();
    permit.settle({ kind: 'neutral' });
  });
}
