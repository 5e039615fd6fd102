import { mkdtempSync, rmSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventSchema } from '#lib/contracts/events.ts';
import { EventStreams, MAX_STREAMS } from '#lib/http/event-streams.ts';
import { createHttpServer, drain, listen } from '#lib/http/server.ts';
import type { SnapshotFeed } from '#lib/http/snapshot-fan.ts';
import type { EventStore } from '#lib/store/event-store.ts';
import { MemoryEventStore } from '#lib/store/memory-event-store.ts';
import { openStore } from '#lib/store/store.ts';
import { EventLog } from '#lib/telemetry/event-log.ts';
import { type EventClient, follow, followWithoutReading } from '../support/event-client.ts';

/** Snapshots that the test makes. */
class Feed implements SnapshotFeed {
  readonly listeners = new Set<(frame: Buffer) => void>();
  #latest = frameOf('0');

  latest(): Buffer {
    return this.#latest;
  }

  subscribe(listener: (frame: Buffer) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(data: string): void {
    this.#latest = frameOf(data);
    for (const listener of this.listeners) listener(this.#latest);
  }
}

const frameOf = (data: string) => Buffer.from(`data: ${data}\n\n`);
const closers: (() => unknown)[] = [];

async function serve(store: EventStore = new MemoryEventStore()) {
  const feed = new Feed();
  const log = new EventLog(Date.now, store);
  const faults: unknown[] = [];
  const refused = new Set<string | undefined>();
  const views: (readonly string[])[] = [];
  const view = (components: readonly string[]) => {
    views.push(components);
    return feed;
  };
  const streams = new EventStreams({
    snapshots: { view },
    events: log,
    admits: ({ cookie }) => !refused.has(cookie),
    onError: (thrown) => faults.push(thrown),
  });
  const server = createHttpServer((req, res) => {
    if (!streams.handle(req, res)) res.writeHead(404).end();
  });
  await listen(server, '127.0.0.1', 0);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    streams.close();
    await drain(server, 0);
  };
  closers.push(() => (server.listening ? close() : undefined));
  return { url, feed, views, log, streams, server, faults, refused, close };
}

function append(log: EventLog, count: number, more: { component?: string; detail?: unknown } = {}): void {
  for (let i = 0; i < count; i++) log.append({ type: 'breaker_trip', detail: null, ...more });
}

const ids = ({ events }: EventClient) =>
  events.filter(({ id }) => id !== undefined).map(({ id }) => Number(id));
const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) await close();
});

describe('a listener whose session ends', () => {
  it('hears no more, on either stream, and others go on', async () => {
    const { url, feed, log, streams, refused } = await serve();
    const as = (cookie: string) => ({ headers: { cookie } });
    const [snapshots, events, other] = await Promise.all([
      follow(`${url}/api/stream`, as('a')),
      follow(`${url}/api/events/stream`, as('a')),
      follow(`${url}/api/stream`, as('b')),
    ]);
    refused.add('a');
    streams.endRefused();
    await Promise.all([snapshots.ended, events.ended]);
    feed.publish('1');
    append(log, 1);
    await expect.poll(() => other.events.length).toBe(2);
    expect([snapshots.events.length, events.events.length, streams.size]).toEqual([1, 0, 1]);
  });

  it('is found by a look each minute when it has run out', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { url, refused, streams } = await serve();
    const listener = await follow(`${url}/api/stream`, { headers: { cookie: 'a' } });
    refused.add('a');
    vi.advanceTimersByTime(60_000);
    await listener.ended;
    expect(streams.size).toBe(0);
  });
});

describe('the stream of snapshots', () => {
  it('begins with the newest snapshot and goes on with each, the same bytes for all', async () => {
    const { url, feed } = await serve();
    feed.publish('1');
    const [a, b] = [await follow(`${url}/api/stream`), await follow(`${url}/api/stream`)];
    feed.publish('2');
    feed.publish('3');
    await expect.poll(() => [a.events.length, b.events.length]).toEqual([3, 3]);
    expect(a.events.map(({ data }) => data)).toEqual(['1', '2', '3']);
    expect(a.text()).toBe(b.text());
    expect(a.text().startsWith('retry: ')).toBe(true);
    expect(a.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  it('has one view for all who ask for the same components, in whatever order', async () => {
    const { url, views, streams } = await serve();
    const of = (query: string) => follow(`${url}/api/stream${query}`);
    const clients = await Promise.all(
      ['', '?components=b,a', '?components=a,%20b,a', '?components='].map(of),
    );
    expect(views.map((asked) => asked.join())).toEqual(['', 'a,b']);
    for (const client of clients) client.close();
    await expect.poll(() => streams.size).toBe(0);
    const again = await of('?components=a,b');
    expect([again.status, views.length]).toEqual([200, 3]);
    const many = Array.from({ length: 21 }, (_, index) => `c${index}`).join();
    expect((await of(`?components=${many}`)).status).toBe(400);
    expect((await of('?component=a')).status).toBe(400);
  });

  it('serves 200 listeners, and asks for snapshots only while somebody listens', async () => {
    const { url, feed, streams } = await serve();
    const clients = await Promise.all(Array.from({ length: 200 }, () => follow(`${url}/api/stream`)));
    const events = await follow(`${url}/api/events/stream`);
    expect([streams.size, streams.consoles, feed.listeners.size]).toEqual([201, 200, 1]);
    events.close();
    for (const data of ['1', '2', '3']) feed.publish(data);
    const all = () => clients.every(({ events }) => events.length === 4);
    await expect.poll(all, { timeout: 5_000 }).toBe(true);
    expect(new Set(clients.map((client) => client.text())).size).toBe(1);
    for (const client of clients) client.close();
    await expect.poll(() => [streams.size, feed.listeners.size]).toEqual([0, 0]);
  });

  it('lets other work go between two slices of listeners', async () => {
    const { url, feed } = await serve();
    const clients = await Promise.all(Array.from({ length: 60 }, () => follow(`${url}/api/stream`)));
    await expect.poll(() => clients.every(({ events }) => events.length === 1)).toBe(true);
    const write = vi.spyOn(ServerResponse.prototype, 'write');
    feed.publish('1');
    expect(write.mock.calls.length).toBe(5);
    write.mockRestore();
    await expect.poll(() => clients.every(({ events }) => events.length === 2)).toBe(true);
  });

  it('skips snapshots for a slow reader, and gives it the newest when it has caught up', async () => {
    const { url, feed, streams } = await serve();
    const slow = await followWithoutReading(`${url}/api/stream`);
    const quick = await follow(`${url}/api/stream`);
    await expect.poll(() => streams.size).toBe(2);
    const padding = 'x'.repeat(1024 * 1024);
    const published = 40;
    for (let i = 1; i <= published; i++) {
      feed.publish(`${i} ${padding}`);
      await expect.poll(() => quick.events.length, { timeout: 5_000 }).toBe(i + 1);
    }
    feed.publish('the newest');
    slow.read();
    await expect.poll(() => slow.text().includes('the newest'), { timeout: 10_000 }).toBe(true);
    const got = [...slow.text().matchAll(/data: (\d+) /g)].map(([, number]) => Number(number));
    expect(got.length).toBeLessThan(published);
    expect(got).toEqual(upTo(got.length));
    slow.close();
  });

  it('lets go of a reader that has not read for 30 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const { url, feed, streams } = await serve();
    const slow = await followWithoutReading(`${url}/api/stream`);
    await vi.waitFor(() => expect(streams.size).toBe(1));
    const big = 'x'.repeat(16 * 1024 * 1024);
    feed.publish(big);
    feed.publish(big);
    vi.advanceTimersByTime(29_000);
    expect(streams.size).toBe(1);
    vi.advanceTimersByTime(1_100);
    expect(streams.size).toBe(0);
    slow.read();
    await slow.closed;
  });

  it('sends a comment every 15 seconds, so that nobody takes it for dead', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { url } = await serve();
    const client = await follow(`${url}/api/stream`);
    vi.advanceTimersByTime(30_000);
    await expect.poll(() => client.text().match(/^:$/gm)?.length).toBe(2);
    expect(client.events.length).toBe(1);
  });

  it('forgets a listener that vanished', async () => {
    const { url, feed, streams } = await serve();
    const client = await follow(`${url}/api/stream`);
    client.close();
    await expect.poll(() => [streams.size, feed.listeners.size]).toEqual([0, 0]);
    feed.publish('1');
  });
});

describe('the stream of events', () => {
  it('begins with what happens from now on, each event with its number', async () => {
    const { url, log } = await serve();
    append(log, 3);
    const client = await follow(`${url}/api/events/stream`);
    append(log, 2, { component: 'up.chat' });
    await expect.poll(() => ids(client)).toEqual([4, 5]);
    expect(eventSchema.parse(JSON.parse(client.events[0]?.data ?? ''))).toMatchObject({
      seq: 4,
      component: 'up.chat',
    });
  });

  it('resumes after the last number, losing none and repeating none, while more are coming', async () => {
    const { url, log } = await serve();
    append(log, 250);
    const client = await follow(`${url}/api/events/stream`, { headers: { 'last-event-id': '7' } });
    append(log, 250);
    await expect.poll(() => ids(client).length, { timeout: 5_000 }).toBe(493);
    expect(ids(client)).toEqual(upTo(500, 8));
    const asked = await follow(`${url}/api/events/stream?after=498`);
    await expect.poll(() => ids(asked)).toEqual([499, 500]);
  });

  it('prefers what a reconnecting browser says to what its address says', async () => {
    const { url, log } = await serve();
    append(log, 5);
    const client = await follow(`${url}/api/events/stream?after=1`, { headers: { 'last-event-id': '4' } });
    await expect.poll(() => ids(client)).toEqual([5]);
  });

  it('resumes over a restart of the server', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'switchgear-streams-'));
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const open = () => openStore({ dataDir, now: Date.now, onTrouble: () => {} });
    const before = open();
    const first = await serve(before.events);
    const client = await follow(`${first.url}/api/events/stream?after=0`);
    append(first.log, 3);
    await expect.poll(() => ids(client)).toEqual([1, 2, 3]);
    const ended = client.ended;
    await first.close();
    await ended;
    append(first.log, 2);
    before.close();
    const after = open();
    closers.push(() => after.close());
    const second = await serve(after.events);
    append(second.log, 1);
    const again = await follow(`${second.url}/api/events/stream`, {
      headers: { 'last-event-id': String(ids(client).at(-1)) },
    });
    await expect.poll(() => ids(again)).toEqual([4, 5, 6]);
  });

  it('filters, and still resumes by number', async () => {
    const { url, log } = await serve();
    append(log, 2, { component: 'a.chat' });
    append(log, 1, { component: 'b.chat' });
    const client = await follow(`${url}/api/events/stream?after=1&component=a.chat&type=breaker_*`);
    append(log, 1, { component: 'b.chat' });
    append(log, 1, { component: 'a.chat' });
    await expect.poll(() => ids(client)).toEqual([2, 5]);
  });

  it('says so when what was asked for is no longer kept', async () => {
    const store = new MemoryEventStore(40);
    const { url, log } = await serve(store);
    append(log, 2);
    const client = await follow(`${url}/api/events/stream?after=10`);
    await expect.poll(() => client.events.length).toBe(3);
    const [gap] = client.events;
    expect([gap?.event, gap?.id, gap?.data]).toEqual(['gap', undefined, '{"after":10,"oldest_seq":41}']);
    expect(ids(client)).toEqual([41, 42]);
  });

  it('begins anew, saying so, for one whose number belongs to a log that is gone', async () => {
    const { url, log } = await serve();
    append(log, 2);
    const client = await follow(`${url}/api/events/stream`, { headers: { 'last-event-id': '900' } });
    append(log, 1);
    await expect.poll(() => ids(client)).toEqual([1, 2, 3]);
    expect(client.events[0]).toMatchObject({ event: 'gap', data: '{"after":900,"oldest_seq":1}' });
  });

  it('makes a slow reader wait for its own sake only, and loses nothing of what it reads later', async () => {
    const { url, log, streams } = await serve();
    const slow = await followWithoutReading(`${url}/api/events/stream?after=0`);
    const quick = await follow(`${url}/api/events/stream?after=0`);
    await expect.poll(() => streams.size).toBe(2);
    for (let i = 1; i <= 30; i++) {
      append(log, 10, { detail: 'x'.repeat(64 * 1024) });
      await expect.poll(() => ids(quick).length, { timeout: 5_000 }).toBe(i * 10);
    }
    slow.read();
    const got = () => [...slow.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    await expect.poll(() => got().length, { timeout: 10_000 }).toBe(300);
    expect(got()).toEqual(upTo(300));
    slow.close();
  });

  it.each([
    ['after=x', 'after: "x" is not allowed; must be of type number'],
    ['after=-1', 'after: "-1" is not allowed; must be at least 0'],
    ['limit=5', 'limit: is not known'],
  ])('refuses the query %s, saying why', async (query, message) => {
    const { url, streams } = await serve();
    const answer = await fetch(`${url}/api/events/stream?${query}`);
    expect([answer.status, await answer.json()]).toEqual([400, { error: { code: 'bad_request', message } }]);
    expect(streams.size).toBe(0);
  });
});

describe('both streams', () => {
  it.each(['/api/stream', '/api/events/stream'])(
    '%s answers HEAD, and refuses other methods',
    async (path) => {
      const { url, streams } = await serve();
      const head = await fetch(`${url}${path}`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
      const post = await fetch(`${url}${path}`, { method: 'POST', body: '{}' });
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await post.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
      expect(streams.size).toBe(0);
    },
  );

  it('leave other paths to others', async () => {
    const { url } = await serve();
    for (const path of ['/api/stream/', '/api/streams', '/api/events/streams', '/API/stream']) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(404);
    }
  });

  it('end at once when the server drains, and open none after', async () => {
    const { url, streams, server, log } = await serve();
    const open = [await follow(`${url}/api/stream`), await follow(`${url}/api/events/stream`)];
    streams.close();
    await Promise.all(open.map(({ ended }) => ended));
    expect(streams.size).toBe(0);
    const late = await fetch(`${url}/api/stream`);
    expect([late.status, await late.json()]).toMatchObject([503, { error: { code: 'shutting_down' } }]);
    append(log, 1);
    expect(await drain(server)).toBe(true);
  });

  it('are refused beyond a bound', async () => {
    const { url, streams } = await serve();
    const clients: EventClient[] = [];
    while (clients.length < MAX_STREAMS) {
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => follow(`${url}/api/stream`)))));
    }
    const refused = await fetch(`${url}/api/events/stream`);
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'not_ready' } }]);
    clients.pop()?.close();
    await expect.poll(() => streams.size).toBe(MAX_STREAMS - 1);
    const next = await follow(`${url}/api/events/stream`);
    expect(next.status).toBe(200);
    for (const client of clients) client.close();
    next.close();
  });

  it('end on a fault of ours, report it, and leave nothing open', async () => {
    const { url, feed, log, streams, faults } = await serve();
    vi.spyOn(log, 'after').mockImplementation(() => {
      throw new Error('secret');
    });
    append(log, 1);
    await expect(follow(`${url}/api/events/stream?after=0`)).rejects.toThrow('socket hang up');
    expect(faults).toEqual([new Error('secret')]);
    await expect.poll(() => streams.size).toBe(0);
    expect(feed.listeners.size).toBe(0);
  });
});
