/** What ends or changes under running answers: the server by SIGTERM, an upstream by a reload. */
import { type Attack, upstreams } from '../attack.ts';
import { chatBody, closed, open, readSlowly, sleep, streamBody } from '../client.ts';
import { startUpstream } from '../stage.ts';

const BYTES = 7_000_000;
const SLOW_BYTES_PER_S = 2_000_000;
const STREAMS = 100;
/** Fewer than the streams, so that some still wait when their upstream is replaced. */
const CONNECTIONS = 64;
/** Some three seconds: under way when the file is taken up. */
const EVENTS = 500;
/** The file must have been still for a moment, and is looked at twice a second. */
const RELOADED_MS = 3_000;

const drainWithReaders: Attack = {
  name: 'drain-with-readers',
  endsServer: true,
  async run({ port, server }) {
    // Not deterministic, so not cached.
    const opened = await open(port, chatBody(`whole-${BYTES}-drained`, 'hi', { temperature: 1 }));
    if (opened === null) return { answer: 'none' };
    const expected = Number(opened.res.headers['content-length'] ?? BYTES);
    const startedAt = performance.now();
    let bytes = 0;
    const reading = readSlowly(opened.res, SLOW_BYTES_PER_S, (part) => {
      bytes += part.length;
    });
    server.child.kill('SIGTERM');
    const isWhole = await reading;
    const tookMs = Math.round(performance.now() - startedAt);
    return { 'of bytes': expected, arrived: bytes, whole: isWhole ? 'yes' : 'no', 'read for ms': tookMs };
  },
};

const reloadUnderStreams: Attack = {
  name: 'reload-under-streams',
  config: (port) => upstreams(port, { connections: CONNECTIONS }),
  async run({ port, reconfigure }) {
    const successor = await startUpstream();
    const failures = new Map<string, number>();
    const count = (why: string) => failures.set(why, (failures.get(why) ?? 0) + 1);
    const streams = Array.from({ length: STREAMS }, async (_, at) => {
      const opened = await open(port, streamBody(`paced-${EVENTS}-reload`, `question ${at}`));
      if (opened?.status !== 200) {
        opened?.close();
        count(String(opened?.status ?? 'no answer'));
        return;
      }
      let tail = '';
      opened.res.on('data', (part: Buffer) => {
        tail = (tail + part.toString('latin1')).slice(-40);
      });
      await closed(opened.res);
      if (!tail.includes('[DONE]')) count('cut');
    });
    await sleep(500);
    // Another server in the place of the first.
    reconfigure(upstreams(successor.port, { connections: CONNECTIONS }));
    await sleep(RELOADED_MS);
    await Promise.all(streams);
    const events = await (await fetch(`http://127.0.0.1:${port}/api/events?type=config_reloaded`)).text();
    const reloaded = events.includes('config_reloaded') ? 'yes' : 'no';
    successor.close();
    const failed = [...failures.values()].reduce((sum, each) => sum + each, 0);
    return {
      streams: STREAMS,
      reloaded,
      failed,
      why: [...failures].map(([why, times]) => `${times}×${why}`).join(' '),
    };
  },
};

export const CHANGES: readonly Attack[] = [drainWithReaders, reloadUnderStreams];
