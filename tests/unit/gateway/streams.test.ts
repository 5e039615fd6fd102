/** What any number of clients get of a stream, whatever their pace, its size and its end. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BYTES_PER_MB, type DataPlane, settle, startDataPlane, type WireClient } from '../../support/wire.ts';

const PATH = '/v1/chat/completions';
/** Deterministic, so that others may join it. */
const CHAT = { model: 'm', temperature: 0, stream: true, messages: [{ role: 'user', content: 'hi' }] };
/** Of an answer, what the cache may keep: a quarter of its memory. */
const KEPT_BYTES = BYTES_PER_MB / 4;
const LEAD_BYTES = 512 * 1024;

const open: DataPlane[] = [];
afterEach(async () => {
  for (const plane of open.splice(0)) await plane.close();
});

async function start(config: Record<string, unknown> = {}): Promise<DataPlane> {
  const plane = await startDataPlane({ cache: { memory_mb: 1 }, ...config }, { leadBytes: LEAD_BYTES });
  open.push(plane);
  return plane;
}

const event = (number: number, bytes: number) =>
  `data: ${JSON.stringify({
    id: 'up',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [
      { index: 0, delta: { content: `<${number}>`.padEnd(Math.max(1, bytes), '.') }, finish_reason: null },
    ],
  })}\n\n`;
const END = `data: ${JSON.stringify({
  id: 'up',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
})}\n\ndata: [DONE]\n\n`;

/** What one is told that gets a call of its own. */
const OWN = '{"choices":[{"index":0,"message":{"content":"own"},"finish_reason":"stop"}]}';
const OWN_EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"own"},"finish_reason":null}]}\n\n';

const numbersIn = (text: string) => [...text.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number));
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);

/** The upstream's part: events one after another, as long as it is not paused. */
class Answer {
  sent = 0;
  state: 'running' | 'ended' | 'cut' = 'running';
  readonly #plane: DataPlane;
  readonly #eventBytes: number;

  constructor(plane: DataPlane, eventBytes: number) {
    this.#plane = plane;
    this.#eventBytes = eventBytes;
    plane.calls[0]?.head(200, 'text/event-stream');
  }

  get call() {
    return this.#plane.calls[0];
  }

  send(events: number): void {
    for (let each = 0; each < events; each += 1) {
      if (this.state !== 'running' || this.call === undefined || this.call.paused || this.call.aborted)
        return;
      this.call.send(event(this.sent, this.#eventBytes));
      this.sent += 1;
    }
  }

  end(state: 'ended' | 'cut'): void {
    if (this.state !== 'running' || this.call?.paused === true) return;
    this.state = state;
    if (state === 'cut') this.call?.cut();
    else {
      this.call?.send(END);
      this.call?.end();
    }
  }
}

describe('every client gets the whole answer or a beginning that ends in an error', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('send' as const), events: fc.integer({ min: 1, max: 30 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        who: fc.nat(5),
        writes: fc.integer({ min: 1, max: 8 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), streams: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom('read_all' as const, 'stall' as const, 'leave' as const),
        who: fc.nat(5),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        how: fc.constantFrom('ended' as const, 'cut' as const),
      }),
    },
  );

  it('whatever they do, whatever its size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.constantFrom(20, 1_000, 30_000, 150_000),
        fc.constantFrom(16, 512),
        async (steps, eventBytes, heldMb) => {
          const plane = await start({ limits: { held_mb: heldMb } });
          const clients: { wire: WireClient; streams: boolean; keepsUp: boolean; left: boolean }[] = [];
          const join = (streams: boolean, keepsUp: boolean) => {
            const wire = plane.connect();
            wire.reads(keepsUp);
            wire.post(PATH, { ...CHAT, stream: streams });
            clients.push({ wire, streams, keepsUp, left: false });
          };
          join(true, steps.length % 2 === 0);
          await settle();
          const answer = new Answer(plane, eventBytes);
          const bound = Math.max(KEPT_BYTES, LEAD_BYTES) + 2 * eventBytes + 500;
          for (const each of steps) {
            const one = 'who' in each ? clients[each.who % clients.length] : undefined;
            if (each.do === 'send') answer.send(each.events);
            else if (each.do === 'join') join(each.streams, each.streams);
            else if (each.do === 'end') answer.end(each.how);
            else if (each.do === 'read' && one !== undefined && 'writes' in each)
              for (let write = 0; write < each.writes; write += 1) {
                one.wire.readOne();
                await settle();
              }
            else if (each.do === 'leave' && one !== undefined) {
              one.left = true;
              one.wire.leave();
            } else if (one !== undefined) {
              one.keepsUp = each.do === 'read_all';
              one.wire.reads(one.keepsUp);
            }
            await settle();
            // The one call that all wait for; those of its own are another matter.
            if (plane.calls.length === 1) expect(plane.holdings.bytes).toBeLessThanOrEqual(bound);
            const waits = clients.some(
              ({ wire, streams, keepsUp, left }) =>
                streams &&
                keepsUp &&
                !left &&
                wire.status === 200 &&
                numbersIn(wire.body).length === answer.sent,
            );
            if (waits && answer.sent > 0) expect(answer.call?.paused).toBe(false);
          }
          for (const { wire, left } of clients) if (!left) wire.reads(true);
          await settle();
          answer.end('ended');
          await settle();
          for (const call of plane.calls.slice(1)) {
            const isStream = call.body.includes('"stream":true');
            call.head(200, isStream ? 'text/event-stream' : 'application/json');
            call.send(isStream ? `${OWN_EVENT}${END}` : OWN);
            call.end();
          }
          await settle();
          for (const { wire, streams, left } of clients) {
            if (left) continue;
            const numbers = numbersIn(wire.body);
            expect(numbers).toEqual(upTo(numbers.length));
            expect(wire.isWhole).toBe(true);
            const isDone = streams ? wire.body.includes('data: [DONE]') : wire.status === 200;
            const own = wire.body.includes('own');
            if (isDone && !own) expect(numbers).toHaveLength(answer.sent);
            if (!isDone) expect(wire.body).toContain('"error"');
            if (streams && answer.state === 'ended' && !isDone)
              expect(wire.body).toContain('client_too_slow');
          }
          expect(plane.errors).toEqual([]);
          await plane.close();
          expect(plane.holdings.bytes).toBe(0);
          expect(plane.slow.size).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});

const POST = { path: PATH, body: CHAT };

/** A client that has asked, and reads everything or nothing. */
function ask(plane: DataPlane, reads: boolean, body: object = POST.body): WireClient {
  const wire = plane.connect();
  wire.reads(reads);
  wire.post(POST.path, body);
  return wire;
}

describe('a stream that outgrows what is kept', () => {
  it('comes whole to a client that reads slowly', async () => {
    const plane = await start();
    const client = ask(plane, false);
    await settle();
    const answer = new Answer(plane, 600);
    for (let each = 0; each < 12_000; each += 1) {
      answer.send(1);
      if (each % 20 === 0) client.readOne();
      if (each % 100 === 0) await settle();
    }
    client.reads(true);
    while (answer.sent < 12_000) {
      await settle();
      answer.send(100);
    }
    answer.end('ended');
    await settle();
    expect(numbersIn(client.body)).toEqual(upTo(12_000));
    expect(client.body.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('goes on for the others while one has stalled, which is told so', async () => {
    const plane = await start();
    const [quick, stalled] = [ask(plane, true), ask(plane, false)];
    await settle();
    const answer = new Answer(plane, 10_000);
    for (let each = 0; each < 500; each += 1) {
      answer.send(1);
      expect(answer.call?.paused).toBe(false);
      await settle();
      expect(plane.holdings.bytes).toBeLessThan(LEAD_BYTES + 20_000);
    }
    answer.end('ended');
    await settle();
    expect(numbersIn(quick.body)).toEqual(upTo(500));
    stalled.reads(true);
    await settle();
    const numbers = numbersIn(stalled.body);
    expect(numbers).toEqual(upTo(numbers.length));
    expect(numbers.length).toBeLessThan(500);
    expect(stalled.body).toContain('client_too_slow');
    expect(plane.calls).toHaveLength(1);
  });

  it('is held within a bound however long it goes on, and waits when nobody reads', async () => {
    const plane = await start();
    const clients = [ask(plane, false), ask(plane, false)];
    await settle();
    const answer = new Answer(plane, 10_000);
    for (let each = 0; each < 500; each += 1) {
      answer.send(1);
      await settle();
      expect(plane.holdings.bytes).toBeLessThan(LEAD_BYTES + 20_000);
    }
    expect(answer.call?.paused).toBe(true);
    for (const client of clients) client.reads(true);
    await settle();
    expect(answer.call?.paused).toBe(false);
  });

  it('gives one who wants it whole a call of its own, also when the one that began it has left', async () => {
    const plane = await start();
    const first = ask(plane, true);
    const whole = ask(plane, true, { ...CHAT, stream: false });
    await settle();
    const answer = new Answer(plane, 10_000);
    answer.send(5);
    await settle();
    first.leave();
    await settle();
    answer.send(100);
    await settle();
    expect(plane.calls).toHaveLength(2);
    expect(answer.call?.aborted).toBe(true);
    plane.calls[1]?.head(200, 'application/json');
    plane.calls[1]?.send(OWN);
    plane.calls[1]?.end();
    await settle();
    expect([whole.status, whole.body.includes('own')]).toEqual([200, true]);
  });
});

describe('a client that takes nothing', () => {
  it('is let go after limits.client_stall_s, and its call with it', async () => {
    const plane = await start({ limits: { client_stall_s: 30 } });
    const client = ask(plane, false, { ...CHAT, temperature: 1 });
    await settle();
    const answer = new Answer(plane, 10_000);
    answer.send(200);
    await settle();
    plane.clock.ms += 29_000;
    plane.slow.sweep();
    expect(client.isOpen).toBe(true);
    plane.clock.ms += 1_000;
    plane.slow.sweep();
    await settle();
    expect([client.isOpen, answer.call?.aborted, plane.holdings.bytes]).toEqual([false, true, 0]);
    expect(plane.slow.letGo).toEqual({ stalled: 1, too_much_held: 0 });
  });

  it('is kept while it takes a little now and then', async () => {
    const plane = await start({ limits: { client_stall_s: 30 } });
    const client = ask(plane, false, { ...CHAT, temperature: 1 });
    await settle();
    const answer = new Answer(plane, 30_000);
    answer.send(40);
    await settle();
    for (let each = 0; each < 5; each += 1) {
      plane.clock.ms += 20_000;
      for (let write = 0; write < 8; write += 1) {
        client.readOne();
        await settle();
      }
      plane.slow.sweep();
      expect(client.isOpen).toBe(true);
    }
  });

  it('holds no copy of a whole answer that others were given too', async () => {
    const plane = await start({ cache: { memory_mb: 64 } });
    const question = { ...CHAT, stream: false };
    const clients = Array.from({ length: 50 }, () => ask(plane, false, question));
    await settle();
    const content = 'x'.repeat(1_500_000);
    plane.calls[0]?.head(200, 'application/json');
    plane.calls[0]?.send(
      JSON.stringify({ id: 'up', choices: [{ index: 0, message: { content }, finish_reason: 'stop' }] }),
    );
    plane.calls[0]?.end();
    await settle();
    clients.push(...Array.from({ length: 50 }, () => ask(plane, false, question)));
    await settle();
    expect(plane.calls).toHaveLength(1);
    expect(plane.slow.size).toBe(100);
    expect(plane.holdings.bytes).toBeLessThan(3 * 1_500_200);
    for (const client of clients) client.reads(true);
    await settle();
    for (const client of clients) {
      expect(client.isWhole).toBe(true);
      expect(client.body).toContain(content);
    }
    await settle();
    expect([plane.holdings.bytes, plane.slow.size]).toEqual([0, 0]);
  });

  it('makes room for others when too much is held, the one that has stalled longest first', async () => {
    const plane = await start({ limits: { held_mb: 16, client_stall_s: 3_600 } });
    const clients: WireClient[] = [];
    for (let each = 0; each < 60; each += 1) {
      clients.push(ask(plane, false, { ...CHAT, temperature: 1 }));
      await settle();
      const call = plane.calls.at(-1);
      call?.head(200, 'text/event-stream');
      for (let sent = 0; sent < 60 && call?.paused === false; sent += 1) call.send(event(sent, 10_000));
      await settle();
      plane.clock.ms += 6_000;
    }
    expect(plane.holdings.bytes).toBeLessThanOrEqual(17 * BYTES_PER_MB);
    expect(plane.slow.letGo.too_much_held).toBeGreaterThan(0);
    expect(clients.map(({ isOpen }) => isOpen)).toEqual(
      clients.map((_, at) => at >= plane.slow.letGo.too_much_held),
    );
  });
});

describe('a large whole answer', () => {
  const question = { ...CHAT, stream: false };
  const content = 'x'.repeat(12_000_000);
  const answer = Buffer.from(
    JSON.stringify({
      id: 'up',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    }),
  );
  /** Sends on from `from` until the upstream is to wait, or all is sent. */
  async function sendFrom(plane: DataPlane, from: number, to = answer.length): Promise<number> {
    const [call] = plane.calls;
    let at = from;
    while (at < to && call?.paused === false) {
      call.send(answer.subarray(at, Math.min(to, at + 65_536)));
      at = Math.min(to, at + 65_536);
      await settle();
    }
    return at;
  }

  it('is handed on as it comes, with our own id, and held within the lead', async () => {
    const plane = await start();
    const [client, other] = [ask(plane, true, question), ask(plane, true, question)];
    await settle();
    plane.calls[0]?.head(200, 'application/json');
    const halfway = await sendFrom(plane, 0, 6_000_000);
    expect(client.body.length).toBeGreaterThan(5_900_000);
    expect(plane.holdings.bytes).toBeLessThan(LEAD_BYTES);
    await sendFrom(plane, halfway);
    plane.calls[0]?.end();
    await settle();
    for (const each of [client, other]) {
      expect([each.status, each.isWhole]).toEqual([200, true]);
      const body = JSON.parse(each.body);
      expect(body.choices[0].message.content).toBe(content);
      expect(body.id).toMatch(/^chatcmpl-/);
    }
    expect(client.body).toBe(other.body);
    expect([plane.calls.length, plane.holdings.bytes, plane.errors]).toEqual([1, 0, []]);
  });

  it('waits for its only client', async () => {
    const plane = await start();
    const stalled = ask(plane, false, question);
    await settle();
    plane.calls[0]?.head(200, 'application/json');
    let at = await sendFrom(plane, 0);
    expect(at).toBeLessThan(answer.length);
    expect(plane.holdings.bytes).toBeLessThan(2 * BYTES_PER_MB + 3 * 65_536);
    stalled.reads(true);
    await settle();
    at = await sendFrom(plane, at);
    plane.calls[0]?.end();
    await settle();
    expect([at, stalled.isWhole]).toEqual([answer.length, true]);
  });

  it('that is cut is no whole answer to the client either', async () => {
    const plane = await start();
    const client = ask(plane, true, question);
    await settle();
    plane.calls[0]?.head(200, 'application/json');
    await sendFrom(plane, 0, 8_000_000);
    plane.calls[0]?.end();
    await settle();
    expect([client.isOpen, client.isWhole]).toEqual([false, false]);
  });

  it('goes to one who needs it in another form by a call of its own', async () => {
    const plane = await start();
    const [whole, streamed] = [ask(plane, true, question), ask(plane, true)];
    await settle();
    plane.calls[0]?.head(200, 'application/json');
    await sendFrom(plane, 0);
    plane.calls[0]?.end();
    expect(plane.calls).toHaveLength(2);
    plane.calls[1]?.head(200, 'text/event-stream');
    plane.calls[1]?.send(`${OWN_EVENT}${END}`);
    plane.calls[1]?.end();
    await settle();
    expect([whole.isWhole, streamed.isWhole]).toEqual([true, true]);
    expect(streamed.body).toContain('own');
  });
});
