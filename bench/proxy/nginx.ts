import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { start } from '../lib/children.ts';
import { accepts, freePort, waitUntilReady } from '../lib/ports.ts';
import { endpointAt, type StartContext, type Target } from './target.ts';

const READY_MS = 5_000;
/** Where packages put it is often not on the path of an ordinary user. */
const COMMANDS = ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx'];

/** nginx as an operator would set it up for streams: one worker, kept-alive upstream connections, no buffering. */
export async function startNginx({ mockPort, folder }: StartContext): Promise<Target> {
  const { command, version } = findNginx();
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  mkdirSync(join(folder, 'temp'));
  writeFileSync(file, configuration(folder, port, mockPort));
  const started = start(command, ['-p', folder, '-c', file, '-e', 'stderr'], {
    cwd: folder,
    env: process.env,
  });
  await waitUntilReady(started, () => accepts(port), READY_MS);
  return { name: 'nginx', version, endpoint: endpointAt(port), started };
}

export function findNginx(): { command: string; version: string } {
  for (const command of COMMANDS) {
    // It answers on standard error.
    const { error, stderr } = spawnSync(command, ['-v'], { encoding: 'utf8' });
    if (error === undefined)
      return { command, version: /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'of an unknown version' };
  }
  throw new Error('nginx is not installed');
}

function configuration(folder: string, port: number, mockPort: number): string {
  const asRoot = process.getuid?.() === 0 ? `user ${userInfo().username};` : '';
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(folder, 'temp', kind)};`,
  );
  return `${asRoot}
daemon off;
pid ${join(folder, 'nginx.pid')};
worker_processes 1;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
${temp.join('\n')}
  keepalive_requests 100000000;
  upstream mock {
    server 127.0.0.1:${mockPort};
    keepalive 64;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}
