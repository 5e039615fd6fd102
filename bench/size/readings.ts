/** What a server's answers weigh: whole ones, and the stream of snapshots as a console reads it. */
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export async function bytesOf(url: string): Promise<number> {
  const answer = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
  if (!answer.ok) throw new Error(`${url} answers with ${answer.status}`);
  return (await answer.arrayBuffer()).byteLength;
}

export interface StreamReading {
  /** Of the first snapshot. */
  firstBytes: number;
  /** Of those that follow. */
  bytesPerS: number;
}

export async function readStream(url: string, durationMs: number): Promise<StreamReading> {
  const stream = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false }, resolve).on('error', reject);
  });
  let bytes = 0;
  let firstBytes: number | null = null;
  let tail = '';
  const begun = Promise.withResolvers<void>();
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (firstBytes !== null) return;
    tail = (tail + chunk.toString('latin1')).slice(-chunk.length - 2);
    // A line tells first when to come back; the end of the first frame is the end of what has come.
    if (!tail.endsWith('}\n\n')) return;
    firstBytes = bytes;
    begun.resolve();
  });
  stream.on('error', begun.reject);
  await begun.promise;
  const from = performance.now();
  await delay(durationMs);
  stream.destroy();
  const first = firstBytes ?? 0;
  return { firstBytes: first, bytesPerS: ((bytes - first) / (performance.now() - from)) * 1_000 };
}
