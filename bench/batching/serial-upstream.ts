/**
 * An upstream that serves one call at a time for so many ms and so many more for each input, in the order of arrival;
 * with `parallel` any number at a time. `node serial-upstream.ts FIXED_MS ITEM_MS [parallel]`. Sends `{ port }` to its parent; GET /stats tells its calls.
 */
import { createServer } from 'node:http';

const [fixedMs = 30, itemMs = 2] = process.argv.slice(2, 4).map(Number);
const isParallel = process.argv[4] === 'parallel';
const VECTOR = Array.from({ length: 8 }, (_, at) => at / 8);
let calls = 0;
let freeAt = 0;

const server = createServer((req, res) => {
  if (req.method === 'GET') {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ calls }));
    calls = 0;
    return;
  }
  let text = '';
  req.setEncoding('utf8');
  req.on('data', (chunk: string) => {
    text += chunk;
  });
  req.on('end', () => {
    const { input } = JSON.parse(text) as { input: string | string[] };
    const inputs = Array.isArray(input) ? input : [input];
    calls += 1;
    const now = performance.now();
    freeAt = (isParallel ? now : Math.max(now, freeAt)) + fixedMs + itemMs * inputs.length;
    const data = inputs.map((each, index) => ({
      object: 'embedding',
      index,
      embedding: [each.length, ...VECTOR],
    }));
    const usage = { prompt_tokens: inputs.length, total_tokens: inputs.length };
    const body = JSON.stringify({ object: 'list', data, model: 'bench', usage });
    setTimeout(() => {
      res
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    }, freeAt - now);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
