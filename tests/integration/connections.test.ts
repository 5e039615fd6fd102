/** The connections to an upstream: what is learned of lost ones, and what runs when they are retired. */
import { afterEach, describe, expect, it } from 'vitest';
import { type CallSink, UpstreamCall } from '#lib/upstream/call.ts';
import { Connections } from '#lib/upstream/connections.ts';
import { answer, type TcpScript, TcpUpstream } from '../support/tcp-upstream.ts';
import { until } from '../support/until.ts';

const TIMEOUTS = { connect_ms: 5_000, first_byte_ms: 15_000, idle_ms: 15_000, total_ms: 15_000 };
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function connectTo(script: TcpScript) {
  const upstream = await TcpUpstream.start(script);
  open.push(() => upstream.close());
  const connections = new Connections({ origin: upstream.url, connections: 4, connectMs: 5_000, gate: null });
  open.push(() => connections.destroy().catch(() => {}));
  return { upstream, connections };
}

function call(connections: Connections): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const sink: CallSink = {
      onHead: () => {},
      onData: (chunk) => {
        text += chunk;
        return true;
      },
      onEnd: () => resolve(text),
      onError: ({ failure }) => resolve(failure),
    };
    new UpstreamCall(connections, { method: 'POST', path: '/', headers: [], body: '{}' }, TIMEOUTS, sink);
  });
}

describe('the connections to an upstream', () => {
  it('drop those that are idle when one was found lost after a while', async () => {
    const { upstream, connections } = await connectTo((_request, socket) => answer(socket, 'ok'));
    const kept = 4;
    await Promise.all(Array.from({ length: kept }, () => call(connections)));
    await call(connections);
    expect(upstream.sockets).toHaveLength(kept);
    connections.lostAfter(5_000);
    expect(await call(connections)).toBe('"ok"');
    expect(upstream.sockets).toHaveLength(kept + 1);
    await until(() => upstream.sockets.filter(({ destroyed }) => !destroyed).length === 1);
  });

  it('stay for what was begun when they are retired, and are closed after', async () => {
    const held: (() => void)[] = [];
    const { upstream, connections } = await connectTo((_request, socket) => {
      held.push(() => answer(socket, 'ok'));
    });
    // More than there are connections: the rest waits in the pool.
    const calls = Array.from({ length: 10 }, () => call(connections));
    let isClosed = false;
    const retired = connections.retire().then(() => {
      isClosed = true;
    });
    for (let done = 0; done < 10; done += 1) {
      await until(() => held.length > 0);
      expect(isClosed).toBe(false);
      held.shift()?.();
    }
    expect(await Promise.all(calls)).toEqual(Array(10).fill('"ok"'));
    await retired;
    await until(() => upstream.sockets.every(({ destroyed }) => destroyed));
  });

  it('tell what runs when they are destroyed', async () => {
    const { connections } = await connectTo(() => {});
    const calls = [call(connections), call(connections)];
    await new Promise((resolve) => setImmediate(resolve));
    await connections.destroy();
    expect(await Promise.all(calls)).toEqual(['reset', 'reset']);
  });
});
