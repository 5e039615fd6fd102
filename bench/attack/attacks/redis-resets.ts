/**
 * A real Redis behind a proxy that resets its connections again and again, every other second just as a client
 * subscribes, while requests go on that use it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stop } from '../../lib/children.ts';
import { freePort, waitUntilReady } from '../../lib/ports.ts';
import { type Attack, upstreams } from '../attack.ts';
import { chatBody, drainAnswer, open, sleep } from '../client.ts';

const LASTS_MS = 10_000;
const RESET_EVERY_MS = 250;
const TRAP_EVERY_MS = 1_000;
const ASK_EVERY_MS = 10;
const READY_MS = 5_000;

let redisPort = 0;
let proxyPort = 0;
let isTrap = false;
const pairs = new Set<readonly [Socket, Socket]>();

async function prepare(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-attack-redis-'));
  redisPort = await freePort();
  const args = ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const redis = start('redis-server', args, { cwd: folder, env: process.env });
  await waitUntilReady(redis, () => redis.output().includes('Ready to accept connections'), READY_MS);
  const proxy = createServer((client) => pass(client));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  proxyPort = typeof address === 'object' && address !== null ? address.port : 0;
  return async () => {
    proxy.close();
    resetAll();
    await stop(redis.child);
    rmSync(folder, { recursive: true, force: true });
  };
}

function pass(client: Socket): void {
  const target = connect(redisPort, '127.0.0.1');
  const pair = [client, target] as const;
  pairs.add(pair);
  for (const socket of pair) {
    socket.on('error', () => {});
    socket.on('close', () => {
      pairs.delete(pair);
      for (const each of pair) each.destroy();
    });
  }
  client.on('data', (said) => {
    if (isTrap && said.includes('subscribe')) client.resetAndDestroy();
    else target.write(said);
  });
  target.pipe(client);
}

function resetAll(): number {
  for (const [client] of pairs) client.resetAndDestroy();
  return pairs.size;
}

export const redisResets: Attack = {
  name: 'redis-resets',
  prepare,
  config: (port) => ({ ...upstreams(port), redis: { url: `redis://127.0.0.1:${proxyPort}` } }),
  async run({ port, server }) {
    let [resets, wrong] = [0, 0];
    const timer = setInterval(() => {
      if (!isTrap) resets += resetAll();
    }, RESET_EVERY_MS);
    const trap = setInterval(() => {
      isTrap = !isTrap;
      resets += resetAll();
    }, TRAP_EVERY_MS);
    const asked: Promise<void>[] = [];
    for (const until = performance.now() + LASTS_MS; performance.now() < until && server.ended() === null; ) {
      const body = chatBody('small-0-redis', `question ${asked.length}`);
      asked.push(
        open(port, body)
          .then(drainAnswer)
          .then(({ status }) => {
            if (status !== 200) wrong += 1;
          }),
      );
      await sleep(ASK_EVERY_MS);
    }
    for (const each of [timer, trap]) clearInterval(each);
    await Promise.all(asked);
    const rejections =
      /unhandledRejection|UnhandledPromiseRejection|internal fault|MaxRetriesPerRequest/.test(
        server.output(),
      );
    return {
      resets,
      requests: asked.length,
      'not 200': wrong,
      'unhandled rejection': rejections ? 'yes' : 'no',
    };
  },
};
