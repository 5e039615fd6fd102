/**
 * The upstream of the attacks, in a process of its own: the model's name says what it does (`plan.ts`). Sends `{ port }`
 * when it listens, and ends when the channel to its parent closes.
 *
 *     POST /v1/chat/completions   what the model says
 *     GET  /stats?model=NAME      { seen }: how often that model was asked for
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chunk, EVENT_END, eventOf, type Plan, parsePlan, SMALL, wholeParts } from './plan.ts';

/** What nobody ends is ended here, long after every attack. */
const LIMIT_MS = 40_000;
const PACED_MS = 5;
const PIECE_BYTES = 1_400;
/** A turn of the loop between two writes, so that they go out apart. */
const TURN = 'turn';
const MAX_MODELS = 10_000;

const seen = new Map<string, number>();

const server = createServer((req, res) => {
  if (req.method === 'GET') {
    const model = new URL(req.url ?? '/', 'http://upstream').searchParams.get('model') ?? '';
    sendJson(
      res,
      JSON.stringify(req.url?.startsWith('/stats') ? { seen: seen.get(model) ?? 0 } : { data: [] }),
    );
    return;
  }
  readModel(req)
    .then(
      (model) => {
        if (seen.size < MAX_MODELS || seen.has(model)) seen.set(model, (seen.get(model) ?? 0) + 1);
        return answer(parsePlan(model), req, res);
      },
      () => res.destroy(),
    )
    .catch(() => res.destroy());
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});

async function readModel(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return /"model":\s*"([^"]*)"/.exec(Buffer.concat(parts).toString('latin1'))?.[1] ?? '';
}

async function answer(plan: Plan, req: IncomingMessage, res: ServerResponse): Promise<void> {
  res.on('error', () => {});
  switch (plan.kind) {
    case 'small':
      return sendJson(res, SMALL);
    case 'fin':
    case 'rst': {
      // Unannounced: the answer said that the connection may be kept.
      res.once('finish', () =>
        setImmediate(() => (plan.kind === 'fin' ? req.socket.destroy() : req.socket.resetAndDestroy())),
      );
      return sendJson(res, SMALL);
    }
    case 'drop':
      await sleep(plan.count);
      req.socket.destroy();
      return;
    case 'whole':
      return writeWhole(res, plan.count);
    case 'event':
      return writeEvents(res, pieces(eventOf(0, 'x'.repeat(plan.count))), TURN);
    case 'events':
      return writeEvents(res, numbered(plan.count, 2_000));
    case 'paced':
      return writeEvents(res, numbered(plan.count, 200), PACED_MS);
    case 'endless':
      return writeEvents(res, endless(), plan.count);
  }
}

function* numbered(count: number, bytes: number): Generator<string> {
  for (let at = 0; at < count; at += 1) yield eventOf(at, '.'.repeat(bytes));
}

/** As a network deals it out. */
function* pieces(event: string): Generator<string> {
  for (let from = 0; from < event.length; from += PIECE_BYTES) yield event.slice(from, from + PIECE_BYTES);
}

function* endless(): Generator<string> {
  for (let at = 0; ; at += 1) yield eventOf(at, '.'.repeat(4_000));
}

/** @param gap between two events, in ms; 0 as fast as they are taken */
async function writeEvents(
  res: ServerResponse,
  events: Iterable<string>,
  gap: number | typeof TURN = 0,
): Promise<void> {
  const until = performance.now() + LIMIT_MS;
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    if (res.destroyed || performance.now() > until) break;
    if (!res.write(event)) await drained(res);
    if (gap === TURN) await new Promise((resolve) => setImmediate(resolve));
    else if (gap > 0) await sleep(gap);
  }
  res.end(EVENT_END);
}

async function writeWhole(res: ServerResponse, bytes: number): Promise<void> {
  const [head, tail] = wholeParts();
  res.writeHead(200, {
    'content-type': 'application/json',
    'content-length': head.length + bytes + tail.length,
  });
  res.write(head);
  for (let left = bytes; left > 0 && !res.destroyed; left -= chunk.length)
    if (!res.write(left >= chunk.length ? chunk : chunk.subarray(0, left))) await drained(res);
  res.end(tail);
}

/** Also when it is closed. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
    if (res.destroyed) done();
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function sendJson(res: ServerResponse, body: string): void {
  res
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}
