/** Listens to a stream of server-sent events, as a browser would, but without coming back by itself. */
import http from 'node:http';
import net from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface EventClient {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** All that came so far. */
  events: EventSourceMessage[];
  text: () => string;
  /** Resolves when the other side has ended it. */
  ended: Promise<void>;
  close(): void;
}

export async function follow(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<EventClient> {
  const request = http.request(url, { agent: false, ...options });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject).end();
  });
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    parser.feed(chunk);
  });
  const ended = new Promise<void>((resolve) => response.once('close', resolve));
  response.on('error', () => {});
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    text: () => text,
    ended,
    close: () => response.destroy(),
  };
}

export interface SlowClient {
  /** Reads all that waits, and all that comes; answers how many bytes there are so far. */
  read(): () => number;
  text: () => string;
  close(): void;
  closed: Promise<void>;
}

/** Asks for a stream and reads nothing of it. */
export async function followWithoutReading(url: string): Promise<SlowClient> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port) });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.on('error', () => {});
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    read() {
      socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
      socket.resume();
      return () => chunks.reduce((sum, { length }) => sum + length, 0);
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
    close: () => socket.destroy(),
    closed,
  };
}
