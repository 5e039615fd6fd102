/**
 * The upstream that every target of a benchmark stands in front of: OpenAI's chat completions with a fixed answer.
 * The model's name says what to do, since a name passes through any gateway unchanged (see `parseModel`).
 *
 * Runs as a child process: sends `{ port }` when it listens, and ends when the channel to its parent closes.
 *
 *     GET  /v1/models           the models below, for gateways that ask
 *     POST /v1/chat/completions
 *     GET  /stats?model=NAME    { started, cancelled, open } of that model's streams
 *     POST /reset               ends every open stream and forgets the counts
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ANSWER, parseModel, STREAM_END, STREAM_TOKEN, type StreamPlan } from './lib/mock-answers.ts';

interface StreamCounts {
  started: number;
  /** Closed by the other side before the last token. */
  cancelled: number;
  open: number;
}

const MAX_MODELS = 1_000;
/** An endless stream that nobody cancels ends here, long after the benchmark has stopped waiting for a cancel. */
const ENDLESS_LIMIT_MS = 20_000;
const MODELS = JSON.stringify({
  object: 'list',
  data: [{ id: 'bench-fixed', object: 'model', created: 1_750_000_000, owned_by: 'bench' }],
});

const counts = new Map<string, StreamCounts>();
const openStreams = new Set<ServerResponse>();

const server = createServer((req, res) => {
  if (req.method === 'POST' && req.url === '/v1/chat/completions') readBody(req, (body) => answer(res, body));
  else if (req.method === 'GET' && req.url === '/v1/models') sendJson(res, MODELS);
  else if (req.method === 'GET' && req.url?.startsWith('/stats')) sendStats(req, res);
  else if (req.method === 'POST' && req.url === '/reset') reset(res);
  else res.writeHead(404).end();
});
// Targets keep connections open between rounds; one closed just as it is used again would count as their error.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
// The parent decides when to end: a Ctrl-C reaches every process of the terminal at once.
process.on('SIGINT', () => {});

function readBody(req: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  req.setEncoding('utf8');
  req.on('data', (chunk: string) => {
    body += chunk;
  });
  req.on('end', () => done(body));
}

function answer(res: ServerResponse, body: string): void {
  let model: unknown;
  try {
    model = JSON.parse(body).model;
  } catch {
    model = undefined;
  }
  const plan = typeof model === 'string' ? parseModel(model) : null;
  if (typeof model !== 'string' || plan === null) {
    res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"unknown model"}}');
  } else if (plan === 'fixed') sendJson(res, ANSWER);
  else stream(res, plan, countsOf(model));
}

function stream(res: ServerResponse, plan: StreamPlan, count: StreamCounts): void {
  count.started += 1;
  count.open += 1;
  openStreams.add(res);
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let left = plan.tokens;
  const sendToken = () => {
    left -= 1;
    res.write(STREAM_TOKEN);
    if (left <= 0) end();
  };
  const end = () => {
    clearInterval(ticker);
    res.end(STREAM_END);
  };
  const ticker = setInterval(sendToken, plan.gapMs);
  const limit = setTimeout(end, ENDLESS_LIMIT_MS);
  res.on('close', () => {
    clearInterval(ticker);
    clearTimeout(limit);
    openStreams.delete(res);
    count.open -= 1;
    if (!res.writableFinished) count.cancelled += 1;
  });
  sendToken();
}

function countsOf(model: string): StreamCounts {
  let count = counts.get(model);
  if (count === undefined) {
    if (counts.size >= MAX_MODELS) counts.clear();
    count = { started: 0, cancelled: 0, open: 0 };
    counts.set(model, count);
  }
  return count;
}

function sendStats(req: IncomingMessage, res: ServerResponse): void {
  const model = new URL(req.url ?? '/', 'http://mock').searchParams.get('model') ?? '';
  sendJson(res, JSON.stringify(counts.get(model) ?? { started: 0, cancelled: 0, open: 0 }));
}

function reset(res: ServerResponse): void {
  for (const stream of openStreams) stream.destroy();
  counts.clear();
  sendJson(res, '{}');
}

function sendJson(res: ServerResponse, body: string): void {
  res
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}
