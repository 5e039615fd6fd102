/** One small model call through a component's own slot, breaker and pool, as a drill makes them. */
import { randomBytes } from 'node:crypto';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import { openExchange } from '#lib/protocols/exchange.ts';
import { isObject, objectsIn } from '#lib/protocols/json.ts';
import { parseRequest } from '#lib/protocols/requests.ts';
import type { Endpoint, JsonObject, Operation } from '#lib/protocols/types.ts';
import { parseAnswer, usageIn } from '#lib/protocols/upstream-answer.ts';
import { askUpstream } from '#lib/upstream/admin.ts';
import { outbound } from '#lib/upstream/outbound.ts';
import { failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

const CALL = outbound('callModel', import.meta.url);

export type CallResult = 'succeeded' | 'failed' | 'refused';

/** Resolves when the call is over, or was refused. Never rejects. */
export async function callModel(
  upstream: Upstream,
  operation: Operation,
  model: string,
): Promise<CallResult> {
  if (upstream.breakers[operation].refusal() !== null) return 'refused';
  try {
    await upstream.slots.acquire();
  } catch {
    return 'refused';
  }
  const { carrier } = upstream;
  const permit = carrier?.breakers[operation].admit();
  if (carrier === null || permit?.admitted !== true) {
    upstream.slots.release();
    return 'refused';
  }
  const { endpoint, body } = smallRequest(upstream.protocol, operation, model);
  const context = {
    id: randomBytes(16).toString('hex'),
    now: Date.now,
    monotonicMs: () => performance.now(),
  };
  const exchange = openExchange(parseRequest(endpoint, body), upstream.protocol, context);
  const headers = ['content-type', 'application/json', 'accept', 'application/json'];
  if (upstream.authorization !== null) headers.push('authorization', upstream.authorization);
  return new Promise((resolve) => {
    let status = 0;
    let answerHeaders = {};
    const chunks: Buffer[] = [];
    const request = { method: 'POST', path: exchange.path, headers, body: JSON.stringify(body) } as const;
    carrier.call(CALL, permit, request, {
      onHead(code, head) {
        status = code;
        answerHeaders = head;
      },
      onData(chunk) {
        chunks.push(chunk);
        return true;
      },
      onEnd() {
        upstream.slots.release();
        let outcome = outcomeOfStatus(status, answerHeaders, Date.now());
        if (outcome.kind === 'success') {
          try {
            const answer = parseAnswer(Buffer.concat(chunks).toString('utf8'), upstream.name);
            exchange.answer(answer);
            outcome = { kind: 'success', loadMs: usageIn(answer)?.loadMs ?? 0 };
          } catch (thrown) {
            const { message } = toSwitchgearError(thrown);
            outcome = { kind: 'failure', failure: 'invalid_response', message };
          }
        }
        permit.settle(outcome);
        resolve(outcome.kind === 'success' ? 'succeeded' : 'failed');
      },
      onError(error) {
        upstream.slots.release();
        permit.settle(failureOf(error));
        resolve('failed');
      },
    });
  });
}

/**
 * A model that this upstream serves for that operation: one that is configured by its whole name, else of its list.
 * @throws SwitchgearError `unprocessable` when there is none; what `askUpstream` throws
 */
export async function modelFor(upstream: Upstream, operation: Operation): Promise<string> {
  // A lab's own models need no asking, which would wait behind its queue.
  const ofLab = operation === 'embeddings' ? 'lab-embed' : 'lab-small';
  if (upstream.config.kind === 'lab' && upstream.serves(ofLab)) return ofLab;
  const configured = upstream.config.models.filter((name) => !/[*?[\]{}!]/.test(name));
  const isFit = (name: string) => /embed/i.test(name) === (operation === 'embeddings');
  const named = configured.find(isFit) ?? configured[0];
  if (named !== undefined) return named;
  const isOpenai = upstream.protocol === 'openai';
  const { status, body } = await askUpstream(upstream, 'GET', isOpenai ? '/models' : '/api/tags');
  const answer = status < 300 ? parseAnswer(body, upstream.name) : null;
  const listed = isObject(answer) ? objectsIn(answer, isOpenai ? 'data' : 'models') : [];
  const names = listed.map((each) => String(isOpenai ? each.id : each.name)).filter(upstream.serves);
  const found = names.find(isFit) ?? names[0];
  if (found !== undefined) return found;
  throw new SwitchgearError('unprocessable', `Upstream ${upstream.name} lists no model to call`);
}

function smallRequest(
  protocol: Upstream['protocol'],
  operation: Operation,
  model: string,
): { endpoint: Endpoint; body: JsonObject } {
  const isOpenai = protocol === 'openai';
  const limit = isOpenai ? { max_tokens: 1 } : { options: { num_predict: 1 } };
  const stream = false;
  switch (operation) {
    case 'chat': {
      const messages = [{ role: 'user', content: 'ping' }];
      return {
        endpoint: isOpenai ? 'openai.chat' : 'ollama.chat',
        body: { model, messages, stream, ...limit },
      };
    }
    case 'completions':
      return {
        endpoint: isOpenai ? 'openai.completions' : 'ollama.generate',
        body: { model, prompt: 'ping', stream, ...limit },
      };
    case 'embeddings':
      return { endpoint: isOpenai ? 'openai.embeddings' : 'ollama.embed', body: { model, input: 'ping' } };
    default:
      return operation satisfies never;
  }
}
