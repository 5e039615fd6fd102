/** Streams that several read, or that one reads slowly: is anything lost, kept without a bound, or held up. */
import { type Attack, upstreams } from '../attack.ts';
import { closed, open, readSlowly, sleep, streamBody } from '../client.ts';

const EVENTS = 12_000;
const SLOW_BYTES_PER_S = 4_000_000;
const ENDLESS_MS = 10_000;
const STALL_MS = 20_000;

const slowReader: Attack = {
  name: 'slow-stream-reader',
  // What may be kept of one answer is a quarter of it: more than the sockets hold, less than the 25 MB of this one.
  config: (port) => ({ ...upstreams(port), cache: { memory_mb: 40 } }),
  async run({ port }) {
    const opened = await open(port, streamBody(`events-${EVENTS}-slow`));
    if (opened === null) return { answer: 'none' };
    const seen = new Set<number>();
    let rest = '';
    let isDone = false;
    const isWhole = await readSlowly(opened.res, SLOW_BYTES_PER_S, (part) => {
      const lines = (rest + part.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const number = /"content":"#(\d+) /.exec(line)?.[1];
        if (number !== undefined) seen.add(Number(number));
        isDone ||= line === 'data: [DONE]';
      }
    });
    return {
      events: EVENTS,
      lost: EVENTS - seen.size,
      'ended with': isDone ? '[DONE]' : isWhole ? 'its end' : 'an error',
    };
  },
};

const endlessShared: Attack = {
  name: 'endless-shared-stream',
  async run({ port, seen }) {
    const model = 'endless-0-shared';
    const first = await open(port, streamBody(model));
    const second = await open(port, streamBody(model));
    const clients = [first, second].flatMap((each) => each ?? []);
    let bytes = 0;
    for (const { res } of clients)
      res.on('data', (part: Buffer) => {
        bytes += part.length;
      });
    await sleep(ENDLESS_MS);
    for (const { close } of clients) close();
    return { 'read MiB': mib(bytes), 'upstream calls': await seen(model) };
  },
};

const stalledJoiner: Attack = {
  name: 'stalled-joiner',
  async run({ port, seen }) {
    const model = 'endless-1-joined';
    const [reader, staller] = [await open(port, streamBody(model)), await open(port, streamBody(model))];
    if (reader === null || staller === null) return { answer: 'none' };
    let [bytes, silentMs, lastAt] = [0, 0, performance.now()];
    const note = () => {
      const nowMs = performance.now();
      silentMs = Math.max(silentMs, nowMs - lastAt);
      lastAt = nowMs;
    };
    reader.res.on('data', (part: Buffer) => {
      bytes += part.length;
      note();
    });
    staller.res.once('data', () => staller.res.pause());
    await Promise.race([sleep(STALL_MS), closed(reader.res)]);
    note();
    const isWhole = !reader.res.destroyed;
    for (const { close } of [reader, staller]) close();
    return {
      'longest silence ms': Math.round(silentMs),
      'read MiB': mib(bytes),
      'the other': isWhole ? 'served' : 'cut',
      'upstream calls': await seen(model),
    };
  },
};

const mib = (bytes: number) => Math.round(bytes / 1_048_576);

export const STREAM_ATTACKS: readonly Attack[] = [slowReader, endlessShared, stalledJoiner];
