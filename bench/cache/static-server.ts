/**
 * The least that Node can do for a hit: bare `node:http` that reads the request and returns bytes that it has.
 * `node static-server.ts PORT`; the bytes are those of the environment variable `BODY`.
 */
import { createServer } from 'node:http';

const body = Buffer.from(process.env.BODY ?? '');
const headers = { 'content-type': 'application/json', 'content-length': body.length };

createServer((req, res) => {
  req.resume();
  req.on('end', () => res.writeHead(200, headers).end(body));
}).listen(Number(process.argv[2]), '127.0.0.1');
