/** What answers from what it keeps: bare Node, nginx, Switchgear from memory, Switchgear from Redis. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Started, start } from '../lib/children.ts';
import { ANSWER } from '../lib/mock-answers.ts';
import { accepts, freePort, waitUntilReady } from '../lib/ports.ts';
import type { Endpoint } from '../lib/streams.ts';
import { findNginx } from '../proxy/nginx.ts';
import { startServer } from '../proxy/switchgear.ts';

export const TARGETS = ['node:http', 'nginx', 'switchgear memory', 'switchgear Redis'] as const;
export type TargetName = (typeof TARGETS)[number];

export interface CacheTarget {
  readonly name: TargetName;
  readonly endpoint: Endpoint;
  readonly bodies: readonly string[];
  readonly started: Started;
}

const READY_MS = 5_000;
const HEADERS = { 'content-type': 'application/json', accept: '*/*', authorization: 'Bearer bench' };
/** More answers than the smallest memory tier holds, so that each time the next one is only in Redis. */
const REDIS_QUESTIONS = 4_000;

/** A question of its own for each number. */
export function question(number: number): string {
  const content = `Explain in one sentence what a switchgear does in a power network. (${number})`;
  return JSON.stringify({ model: 'bench-fixed', temperature: 0, messages: [{ role: 'user', content }] });
}

const endpointAt = (port: number): Endpoint => ({ port, path: '/v1/chat/completions', headers: HEADERS });

export async function startStatic(folder: string): Promise<CacheTarget> {
  const port = await freePort();
  const started = start(process.execPath, [join(import.meta.dirname, 'static-server.ts'), String(port)], {
    cwd: folder,
    env: { ...process.env, BODY: ANSWER },
  });
  await waitUntilReady(started, () => accepts(port), READY_MS);
  return { name: 'node:http', endpoint: endpointAt(port), bodies: [question(0)], started };
}

/** One worker, answers in its shared-memory zone and files, the request's body as the key. */
export async function startNginxCache(folder: string, mockPort: number): Promise<CacheTarget> {
  const { command } = findNginx();
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  mkdirSync(join(folder, 'temp'));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(folder, 'temp', kind)};`,
  );
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
daemon off;
pid ${join(folder, 'nginx.pid')};
worker_processes 1;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
${temp.join('\n')}
  keepalive_requests 100000000;
  client_body_buffer_size 64k;
  proxy_cache_path ${join(folder, 'cache')} keys_zone=answers:20m max_size=100m use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${mockPort};
      proxy_cache answers;
      proxy_cache_methods POST;
      proxy_cache_key "$http_authorization|$request_uri|$request_body";
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
      open_file_cache max=10000;
      add_header x-cache $upstream_cache_status;
    }
  }
}
`,
  );
  const started = start(command, ['-p', folder, '-c', file, '-e', 'stderr'], {
    cwd: folder,
    env: process.env,
  });
  await waitUntilReady(started, () => accepts(port), READY_MS);
  return { name: 'nginx', endpoint: endpointAt(port), bodies: [question(0)], started };
}

export async function startMemory(folder: string, mockPort: number): Promise<CacheTarget> {
  const { started, port } = await startServer(folder, configuration(mockPort, ''));
  return { name: 'switchgear memory', endpoint: endpointAt(port), bodies: [question(0)], started };
}

/** The smallest memory tier, and questions in turn that do not fit in it. */
export async function startWithRedis(folder: string, mockPort: number): Promise<CacheTarget> {
  const redisPort = await freePort();
  const args = ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = start('redis-server', args, { cwd: folder, env: process.env });
  await waitUntilReady(redis, () => accepts(redisPort), READY_MS);
  const more = `redis: { url: redis://127.0.0.1:${redisPort} }\n`;
  const { started, port } = await startServer(folder, configuration(mockPort, more, 1));
  const bodies = Array.from({ length: REDIS_QUESTIONS }, (_, number) => question(number));
  return { name: 'switchgear Redis', endpoint: endpointAt(port), bodies, started };
}

function configuration(mockPort: number, more: string, memoryMb = 100): string {
  return `upstreams:
  - name: mock
    kind: openai
    url: http://127.0.0.1:${mockPort}/v1
cache: { memory_mb: ${memoryMb} }
${more}`;
}
