/**
 * What a gateway of one's own would do: collect requests for a fixed time, as dataloader's scheduler does, or until the
 * batch is full, then send them together. `node fixed-window.ts PORT UPSTREAM_PORT MAX_SIZE WAIT_MS`
 */
import { Agent, createServer, request, type ServerResponse } from 'node:http';

const [port = 0, upstreamPort = 0, maxSize = 20, waitMs = 50] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let waiting: { input: string; res: ServerResponse }[] = [];
let timer: NodeJS.Timeout | undefined;

createServer((req, res) => {
  let text = '';
  req.setEncoding('utf8');
  req.on('data', (chunk: string) => {
    text += chunk;
  });
  req.on('end', () => {
    waiting.push({ input: (JSON.parse(text) as { input: string }).input, res });
    if (waiting.length >= maxSize) flush();
    else timer ??= setTimeout(flush, waitMs);
  });
}).listen(port, '127.0.0.1');

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const batch = waiting;
  waiting = [];
  const body = JSON.stringify({ model: 'bench', input: batch.map(({ input }) => input) });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const call = request(
    { host: '127.0.0.1', port: upstreamPort, path: '/v1/embeddings', method: 'POST', agent, headers },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        const { data } = JSON.parse(text) as { data: { embedding: number[] }[] };
        for (const [at, { res }] of batch.entries()) {
          const own = JSON.stringify({ object: 'list', data: [{ ...data[at], index: 0 }], model: 'bench' });
          res
            .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(own) })
            .end(own);
        }
      });
    },
  );
  call.on('error', () => {
    for (const { res } of batch) res.writeHead(502).end();
  });
  call.end(body);
}
