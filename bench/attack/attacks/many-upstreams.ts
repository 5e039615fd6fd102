/** 500 upstreams: what telling of them costs. */
import { get } from 'node:http';
import type { Attack } from '../attack.ts';
import { sleep } from '../client.ts';

const UPSTREAMS = 500;
const STREAM_MS = 10_000;

export const manyUpstreams: Attack = {
  name: 'many-upstreams',
  config: (port) => ({
    upstreams: Array.from({ length: UPSTREAMS }, (_, at) => ({
      name: `u${at}`,
      kind: 'openai',
      url: `http://127.0.0.1:${port}/v1`,
      models: [at === 0 ? 'small-0-probe' : `m${at}`],
    })),
  }),
  async run({ port }) {
    const sizeOf = async (path: string) =>
      (await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()).byteLength;
    const streamed = await bytesOfStream(port);
    return {
      upstreams: UPSTREAMS,
      '/metrics bytes': await sizeOf('/metrics'),
      '/api/breakers bytes': await sizeOf('/api/breakers'),
      'snapshot bytes/s': Math.round((streamed * 1_000) / STREAM_MS),
    };
  },
};

async function bytesOfStream(port: number): Promise<number> {
  let bytes = 0;
  const sent = get({ host: '127.0.0.1', port, path: '/api/stream', agent: false }, (res) => {
    res.on('error', () => {});
    res.on('data', (part: Buffer) => {
      bytes += part.length;
    });
  });
  sent.on('error', () => {});
  await sleep(STREAM_MS);
  sent.destroy();
  return bytes;
}
