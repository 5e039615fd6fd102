/**
 * The two event streams of the control plane, `GET /api/stream` and `GET /api/events/stream`, served beside Next (see
 * docs/decisions/0003). All that are open are known here, and end at once when the server drains, and when what they were
 * opened with is good no more: a session that was logged out or has run out, a token that was changed.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { eventQuerySchema } from '#lib/contracts/events.ts';
import { explain } from '#lib/contracts/explain.ts';
import { streamQuerySchema } from '#lib/contracts/snapshot.ts';
import { isSwitchgearError, SwitchgearError } from '#lib/errors.ts';
import { EventStream } from '#lib/http/event-stream.ts';
import { type EventFeed, EventTail } from '#lib/http/event-tail.ts';
import { sendRefusal } from '#lib/http/refusal.ts';
import { SnapshotFan, type SnapshotFeed } from '#lib/http/snapshot-fan.ts';

export const MAX_STREAMS = 1_000;
const SNAPSHOTS = '/api/stream';
const EVENTS = '/api/events/stream';
const METHODS = ['GET', 'HEAD'];
/** How often it is looked whether a session has run out meanwhile. */
const LOOK_MS = 60_000;

export interface EventStreamsParts {
  snapshots: SnapshotFeeds;
  events: EventFeed;
  /** Whether credentials that were good once are so still. */
  admits: (headers: IncomingHttpHeaders) => boolean;
  /** Told of what is not the listener's fault. */
  onError: (thrown: unknown) => void;
}

/** Where snapshots come from, by the components that they are to show. */
export interface SnapshotFeeds {
  /** @throws SwitchgearError `not_ready` when there are too many different ones */
  view(components: readonly string[]): SnapshotFeed;
}

export class EventStreams {
  readonly #snapshots: SnapshotFeeds;
  readonly #events: EventFeed;
  /** By what they were asked to show; each has a listener. */
  readonly #fans = new Map<string, SnapshotFan>();
  /** With the headers that each was asked for with. */
  readonly #open = new Map<EventStream, IncomingHttpHeaders>();
  readonly #admits: EventStreamsParts['admits'];
  readonly #onError: (thrown: unknown) => void;
  readonly #look: NodeJS.Timeout;
  #draining = false;

  constructor({ snapshots, events, admits, onError }: EventStreamsParts) {
    this.#snapshots = snapshots;
    this.#events = events;
    this.#admits = admits;
    this.#onError = onError;
    this.#look = setInterval(() => this.endRefused(), LOOK_MS);
    this.#look.unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Open streams of snapshots. */
  get consoles(): number {
    return [...this.#fans.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Answers a request for a stream; answers false, having done nothing, when the path is no stream's. */
  handle(req: IncomingMessage, res: ServerResponse): boolean {
    const target = req.url ?? '';
    const mark = target.indexOf('?');
    const path = mark === -1 ? target : target.slice(0, mark);
    if (path !== SNAPSHOTS && path !== EVENTS) return false;
    try {
      this.#serve(path, new URLSearchParams(mark === -1 ? '' : target.slice(mark)), req, res);
    } catch (thrown) {
      this.#fail(res, thrown);
    }
    return true;
  }

  /** Ends all; from then on none is opened. */
  close(): void {
    this.#draining = true;
    clearInterval(this.#look);
    for (const stream of this.#open.keys()) stream.end();
  }

  /** Ends those whose listener would not be admitted any more. */
  endRefused(): void {
    for (const [stream, headers] of this.#open) if (!this.#admits(headers)) stream.end();
  }

  #serve(path: string, query: URLSearchParams, req: IncomingMessage, res: ServerResponse): void {
    const method = req.method ?? 'GET';
    if (!METHODS.includes(method)) {
      throw new SwitchgearError('method_not_allowed', `${method} is not allowed here; use GET`);
    }
    const follow = path === EVENTS ? this.#tailOf(query, req) : this.#fanOf(query);
    if (method === 'HEAD') {
      res
        .writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' })
        .end();
      return;
    }
    if (this.#draining) throw new SwitchgearError('shutting_down', 'Switchgear is shutting down');
    if (this.#open.size >= MAX_STREAMS) {
      throw new SwitchgearError(
        'not_ready',
        `${MAX_STREAMS} event streams are open already; close one first`,
      );
    }
    let stop = () => {};
    const stream: EventStream = new EventStream(res, () => {
      this.#open.delete(stream);
      stop();
    });
    this.#open.set(stream, req.headers);
    stop = follow(stream);
    // It may have ended on its very first bytes.
    if (!this.#open.has(stream)) stop();
  }

  #fail(res: ServerResponse, thrown: unknown): void {
    if (isSwitchgearError(thrown)) {
      if (thrown.code === 'method_not_allowed') res.setHeader('allow', METHODS.join(', '));
      sendRefusal(res, thrown);
      return;
    }
    this.#onError(thrown);
    // A stream that has begun ends; its listener comes back.
    if (res.headersSent) res.destroy();
    else sendRefusal(res, new SwitchgearError('internal', 'Internal error'));
  }

  #fanOf(query: URLSearchParams) {
    const asked = parse(streamQuerySchema, query).components?.toSorted() ?? [];
    const key = asked.join();
    const fan = this.#fans.get(key) ?? new SnapshotFan(this.#snapshots.view(asked));
    return (stream: EventStream) => {
      this.#fans.set(key, fan);
      fan.add(stream);
      return () => {
        fan.remove(stream);
        if (fan.size === 0 && this.#fans.get(key) === fan) this.#fans.delete(key);
      };
    };
  }

  #tailOf(query: URLSearchParams, req: IncomingMessage) {
    const { after, component, type } = parse(eventQuerySchema.omit({ limit: true }), query);
    const resumed = req.headers['last-event-id'];
    const last =
      typeof resumed === 'string' && /^\d{1,15}$/.test(resumed) ? Number(resumed) : (after ?? null);
    return (stream: EventStream) => {
      const tail = new EventTail(this.#events, { component, type }, stream, last);
      return () => tail.close();
    };
  }
}

function parse<T>(schema: z.ZodType<T>, query: URLSearchParams): T {
  const given = Object.fromEntries(query);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [first] = explain(parsed.error, given);
  throw new SwitchgearError('bad_request', first?.message ?? 'The query is not valid');
}
