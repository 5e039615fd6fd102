/**
 * Open consoles, as far as the server meets them: each holds the snapshot stream open and reads all of it. Takes
 * `{ port, count }` over the channel to its parent, answers once every stream has had a snapshot, and ends when the
 * channel closes. `count` 0 closes those that are open.
 */
import { get, type IncomingMessage } from 'node:http';

interface Order {
  port: number;
  count: number;
}

const open: IncomingMessage[] = [];

process.on('message', ({ port, count }: Order) => {
  for (const stream of open.splice(0)) stream.destroy();
  Promise.all(Array.from({ length: count }, () => listen(port))).then(
    () => process.send?.({ open: open.length }),
    (thrown: Error) => process.send?.({ error: thrown.message }),
  );
});
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});

function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/api/stream', agent: false }, (stream) => {
      if (stream.statusCode !== 200) reject(new Error(`the stream answers with ${stream.statusCode}`));
      open.push(stream);
      stream.once('data', () => resolve());
      stream.on('data', () => {});
      stream.on('error', () => {});
    }).on('error', reject);
  });
}
