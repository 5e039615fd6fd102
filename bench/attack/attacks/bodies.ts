/** Much at once: bodies that are never sent whole, and answers that are very large. */
import { connect, type Socket } from 'node:net';
import type { Attack, Figures, Scene } from '../attack.ts';
import { CHAT, chatBody, destroyAll, drainAnswer, open, sleep, streamBody } from '../client.ts';

const CLIENTS = 200;
const DECLARED_BYTES = 10_000_000;
const SENT_BYTES = 9_500_000;
const HOLD_MS = 20_000;
const LARGE_BYTES = 100 * 1024 * 1024;
const LARGE_EVENT_BYTES = 10 * 1024 * 1024;
const AT_ONCE = 6;

const stalledBodies: Attack = {
  name: 'stalled-bodies',
  async run({ port }) {
    const piece = Buffer.alloc(SENT_BYTES, 'x');
    const heard = new Map<string, number>();
    let closedByServer = 0;
    const sockets = Array.from({ length: CLIENTS }, () => {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.once('data', (said) => {
        const status = said.toString('latin1').slice(9, 12);
        heard.set(status, (heard.get(status) ?? 0) + 1);
      });
      socket.on('close', () => {
        closedByServer += 1;
      });
      socket.write(
        `POST ${CHAT} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${DECLARED_BYTES}\r\n\r\n`,
      );
      socket.write(piece);
      return socket;
    });
    await sleep(HOLD_MS);
    const figures = {
      clients: CLIENTS,
      'closed by the server': closedByServer,
      answered: [...heard].map(([status, count]) => `${count}×${status}`).join(' ') || 'none',
    };
    destroyAll(sockets);
    return figures;
  },
};

async function answersOf(scene: Scene, bodies: readonly string[], path?: string): Promise<Figures> {
  const startedAt = performance.now();
  const answers = await Promise.all(
    bodies.map(async (body) => drainAnswer(await open(scene.port, body, path))),
  );
  return {
    answers: answers.length,
    whole: answers.filter(({ isWhole, status }) => isWhole && status === 200).length,
    MiB: Math.round(answers.reduce((sum, { bytes }) => sum + bytes, 0) / 1_048_576),
    'took ms': Math.round(performance.now() - startedAt),
  };
}

const uncached = { temperature: 1 };

export const BODY_ATTACKS: readonly Attack[] = [
  stalledBodies,
  {
    name: 'large-answers',
    run: (scene) =>
      answersOf(
        scene,
        Array.from({ length: AT_ONCE }, (_, at) =>
          chatBody(`whole-${LARGE_BYTES}-large`, `question ${at}`, uncached),
        ),
      ),
  },
  { name: 'large-event', run: (scene) => answersOf(scene, [streamBody(`event-${LARGE_EVENT_BYTES}-large`)]) },
  {
    name: 'large-event-translated',
    run: (scene) => answersOf(scene, [streamBody(`event-${LARGE_EVENT_BYTES}-translated`)], '/api/chat'),
  },
  {
    name: 'large-translated',
    run: (scene) =>
      answersOf(scene, [chatBody(`whole-${LARGE_BYTES}-translated`, 'hi', { stream: false })], '/api/chat'),
  },
];
