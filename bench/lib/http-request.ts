/** A request as bytes, made once and sent many times. */
import type { Endpoint } from './streams.ts';

export function encodeRequest(endpoint: Endpoint, body: string): Buffer {
  const headers = { host: `127.0.0.1:${endpoint.port}`, ...endpoint.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`POST ${endpoint.path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`);
}
