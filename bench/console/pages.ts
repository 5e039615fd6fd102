/** The JavaScript that each page loads, compressed, as a browser is sent it. */
import { request } from 'node:http';

export interface PageWeight {
  path: string;
  scripts: number;
  compressedKib: number;
}

/** @throws Error when a page or a script of it is not answered with 200, or a script comes without compression */
export async function weighPage(port: number, path: string): Promise<PageWeight> {
  const page = await read(port, path);
  const html = page.body.toString('utf8');
  const sources = new Set(
    [...html.matchAll(/<script[^>]+src="([^"]+\.js[^"]*)"/g)].map(([, source]) => source ?? ''),
  );
  let bytes = 0;
  for (const source of sources) {
    const script = await read(port, source, 'gzip');
    if (script.encoding !== 'gzip') throw new Error(`${source} comes without compression`);
    bytes += script.body.length;
  }
  return { path, scripts: sources.size, compressedKib: bytes / 1_024 };
}

function read(
  port: number,
  path: string,
  encoding = 'identity',
): Promise<{ body: Buffer; encoding: string }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers: { 'accept-encoding': encoding } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${path} answers with ${response.statusCode}`));
        resolve({
          body: Buffer.concat(chunks),
          encoding: response.headers['content-encoding'] ?? 'identity',
        });
      });
    })
      .on('error', reject)
      .end();
  });
}
