/**
 * The least that a gateway on Node can do: both directions piped over kept-alive connections, and a client that goes
 * away takes its upstream request with it. No parsing, no limits, no retries. `node pass-through.ts PORT UPSTREAM_PORT`
 */
import { Agent, createServer, request } from 'node:http';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

createServer((req, res) => {
  const forwarded = request(
    { host: '127.0.0.1', port: upstreamPort, agent, method: req.method, path: req.url, headers: req.headers },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    },
  );
  forwarded.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
  res.on('close', () => {
    if (!res.writableFinished) forwarded.destroy();
  });
  req.pipe(forwarded);
}).listen(port, '127.0.0.1');
