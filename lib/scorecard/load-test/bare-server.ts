/** Bare `node:http` in a thread of its own: reads the request, answers the same bytes. What the least costs here. */
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

const { body } = workerData as { body: string };
const bytes = Buffer.from(body);

const server = createServer((request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) parentPort?.postMessage(address.port);
});
