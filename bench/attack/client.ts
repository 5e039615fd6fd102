/** Clients that misbehave in ways which HTTP clients do not offer: they read slowly, not at all, or stop sending. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

export const CHAT = '/v1/chat/completions';

export function chatBody(model: string, content: unknown, more: object = {}): string {
  return JSON.stringify({ model, messages: [{ role: 'user', content }], temperature: 0, ...more });
}

/** A stream of the shared kind: two with the same model and content are one call. */
export const streamBody = (model: string, content = 'hi') => chatBody(model, content, { stream: true });

export interface Opened {
  status: number;
  res: IncomingMessage;
  close: () => void;
}

/** Resolves with the head of the answer, which is not read yet; a connection that breaks first is status 0. */
export function open(port: number, body: string, path = CHAT): Promise<Opened | null> {
  return new Promise((resolve) => {
    const sent: ClientRequest = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (res) => {
        res.on('error', () => {});
        resolve({ status: res.statusCode ?? 0, res, close: () => sent.destroy() });
      },
    );
    sent.on('error', () => resolve(null));
    sent.end(body);
  });
}

/** Reads all of it as fast as it comes, keeping nothing. */
export async function drainAnswer(
  opened: Opened | null,
): Promise<{ status: number; bytes: number; isWhole: boolean }> {
  if (opened === null) return { status: 0, bytes: 0, isWhole: false };
  const { res, status } = opened;
  let bytes = 0;
  res.on('data', (part: Buffer) => {
    bytes += part.length;
  });
  await closed(res);
  return { status, bytes, isWhole: res.complete };
}

/** Reads at most `bytesPerS`, in steps of 20 ms; `take` is told of each piece. */
export async function readSlowly(
  res: IncomingMessage,
  bytesPerS: number,
  take: (part: Buffer) => void,
): Promise<boolean> {
  let credit = 0;
  const each = (bytesPerS * STEP_MS) / 1_000;
  res.on('data', (part: Buffer) => {
    take(part);
    credit -= part.length;
    if (credit <= 0) res.pause();
  });
  const timer = setInterval(() => {
    credit = Math.min(each, credit + each);
    if (credit > 0) res.resume();
  }, STEP_MS);
  await closed(res);
  clearInterval(timer);
  return res.complete;
}
const STEP_MS = 20;

export function closed(res: IncomingMessage): Promise<void> {
  if (res.closed) return Promise.resolve();
  return new Promise((resolve) => {
    res.once('close', () => resolve());
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function destroyAll(sockets: readonly Pick<Socket, 'destroy'>[]): void {
  for (const socket of sockets) socket.destroy();
}
