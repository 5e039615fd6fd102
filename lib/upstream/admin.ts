/** An upstream's small questions (model lists, versions), each through its `admin` breaker and a slot. */
import { SwitchgearError } from '#lib/errors.ts';
import type { CallRequest } from '#lib/upstream/call.ts';
import { outbound } from '#lib/upstream/outbound.ts';
import { errorOfCall, failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

export interface AdminAnswer {
  status: number;
  body: string;
}

const ASK = outbound('askUpstream', import.meta.url);

/** Model lists of the largest providers are well under a megabyte. */
const MAX_ADMIN_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Asks and waits for the whole answer, whatever its status.
 * @throws SwitchgearError `circuit_open`, `queue_full`, `upstream_unreachable`, `upstream_timeout`, `upstream_invalid`,
 *   `shutting_down` when the upstream was taken away while this waited for a slot.
 */
export async function askUpstream(
  upstream: Upstream,
  method: CallRequest['method'],
  path: string,
  body: string | null = null,
): Promise<AdminAnswer> {
  await upstream.slots.acquire();
  try {
    const { carrier } = upstream;
    if (carrier === null) throw upstream.gone;
    return await call(carrier, method, path, body);
  } finally {
    upstream.slots.release();
  }
}

function call(
  upstream: Upstream,
  method: CallRequest['method'],
  path: string,
  body: string | null,
): Promise<AdminAnswer> {
  const permit = upstream.breakers.admin.admit();
  if (!permit.admitted) {
    throw circuitOpen(`${upstream.name}.admin`, permit.retryAfterMs);
  }
  const headers = ['accept', 'application/json'];
  if (body !== null) headers.push('content-type', 'application/json');
  if (upstream.authorization !== null) headers.push('authorization', upstream.authorization);
  return new Promise((resolve, reject) => {
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];
    const running = upstream.call(
      ASK,
      permit,
      { method, path, headers, body },
      {
        onHead(code, answerHeaders) {
          status = code;
          permit.settle(outcomeOfStatus(code, answerHeaders, Date.now()));
        },
        onData(chunk) {
          size += chunk.length;
          chunks.push(chunk);
          if (size <= MAX_ADMIN_BODY_BYTES) return true;
          running.abort();
          reject(
            new SwitchgearError('upstream_invalid', `Upstream ${upstream.name}: the answer is too large`),
          );
          return false;
        },
        onEnd: () => resolve({ status, body: Buffer.concat(chunks).toString('utf8') }),
        onError(error) {
          permit.settle(failureOf(error));
          reject(errorOfCall(upstream.name, error));
        },
      },
    );
  });
}

/** The refusal of an open component. */
export function circuitOpen(component: string, retryAfterMs: number): SwitchgearError {
  return new SwitchgearError('circuit_open', `Circuit breaker ${component} is open`, { retryAfterMs });
}
