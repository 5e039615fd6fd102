/** Nothing calls out but through `Upstream.call`, which takes a registered function and a breaker's permit. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '#lib/gateway/gateway.ts';
import '#lib/store/redis-tier.ts';
import '#lib/upstream/model-call.ts';
import { coverage } from '#lib/upstream/outbound.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const sources = globSync(['lib/**/*.ts', 'app/**/*.{ts,tsx}', 'components/**/*.{ts,tsx}', 'server.ts'], {
  cwd: ROOT,
}).map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

/** Rooms that may open outbound connections. */
const ROOMS = /^lib\/(upstream|store|fleet)\//;
/** The workload, the load test and the pages are clients of this server itself. */
const CLIENTS_OF_OURSELVES =
  /^(lib\/lab\/workload\/sender\.ts|lib\/scorecard\/load-test\/main\.ts|components\/)/;

/** Ways to open a connection: a client library, a client of Node's, or `fetch`. */
const CALLS_OUT = [
  /import (?!type)[^;]*from '(undici|ioredis)'/,
  /import \{[^}]*\b(request|get|Agent|connect|createConnection|Socket)\b[^}]*\} from 'node:(http|https|http2|net|tls)'/,
  /import \w+ from 'node:(http|https|http2|net|tls|dgram)'/,
  /import\('(undici|ioredis|node:(http|https|http2|net|tls|dgram))'\)/,
  /(?<![.\w])fetch\(/,
];
const callsOut = (text: string) => CALLS_OUT.some((pattern) => pattern.test(text));

describe('calling out', () => {
  it('happens in the rooms for it alone', () => {
    const elsewhere = sources.filter(({ file, text }) => callsOut(text) && !ROOMS.test(file));
    expect(elsewhere.map(({ file }) => file).filter((file) => !CLIENTS_OF_OURSELVES.test(file))).toEqual([]);
  });

  it('is seen by this test', () => {
    const seen = sources.filter(({ text }) => callsOut(text)).map(({ file }) => file);
    expect(seen).toEqual(
      expect.arrayContaining(['lib/upstream/connections.ts', 'lib/lab/workload/sender.ts']),
    );
    expect(callsOut("import { Agent, request } from 'node:http';")).toBe(true);
    expect(callsOut("import { createServer } from 'node:http';")).toBe(false);
    expect(callsOut("const answer = await fetch('http://x');")).toBe(true);
  });

  it('begins at one place, below every breaker', () => {
    const calling = sources.filter(({ text }) => /new UpstreamCall\(|new Connections\(/.test(text));
    expect(calling.map(({ file }) => file)).toEqual(['lib/upstream/upstream.ts']);
    const opening = sources.filter(({ text }) => /new (Pool|Client|KeptClient)\(/.test(text));
    expect(opening.map(({ file }) => file)).toEqual(['lib/upstream/connections.ts']);
  });

  it('is counted where it is defined: every function that does it is registered, and no other', () => {
    const registering = sources.filter(
      ({ text, file }) => text.includes('outbound(') && file !== 'lib/upstream/outbound.ts',
    );
    const { functions, protected_functions, total_files } = coverage();
    expect(functions.map(({ file }) => file).sort()).toEqual(registering.map(({ file }) => file).sort());
    expect([protected_functions, total_files]).toEqual([registering.length, registering.length]);
    const calling = sources.filter(({ text }) => /\b(upstream|carrier)\.call\(|= openRedis\(/.test(text));
    expect(calling.map(({ file }) => file).sort()).toEqual(registering.map(({ file }) => file).sort());
  });
});
