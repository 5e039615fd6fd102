/** Upstreams that lose connections: kept ones, without a word, and one on which they had begun to work. */
import type { Attack, Figures, Scene } from '../attack.ts';
import { chatBody, drainAnswer, open } from '../client.ts';

const REQUESTS = 6_000;
const IN_FLIGHT = 20;
const WORK_MS = 1_500;

async function keptReset({ port }: Scene, kind: 'fin' | 'rst'): Promise<Figures> {
  const statuses = new Map<number, number>();
  let sent = 0;
  const lane = async () => {
    while (sent < REQUESTS) {
      sent += 1;
      const body = chatBody(`${kind}-0-kept`, `question ${sent}`, { temperature: 1 });
      const { status } = await drainAnswer(await open(port, body));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const wrong = [...statuses].filter(([status]) => status !== 200);
  return {
    requests: REQUESTS,
    '5xx': wrong.reduce((sum, [status, count]) => sum + (status >= 500 ? count : 0), 0),
    'not 200': wrong.map(([status, count]) => `${count}×${status}`).join(' ') || 'none',
  };
}

const droppedWork: Attack = {
  name: 'dropped-work',
  async run({ port, seen }) {
    const model = `drop-${WORK_MS}-once`;
    const { status } = await drainAnswer(await open(port, chatBody(model, 'hi', { temperature: 1 })));
    return { posts: 1, 'seen by the upstream': await seen(model), status };
  },
};

export const CONNECTION_ATTACKS: readonly Attack[] = [
  { name: 'kept-connection-ends', run: (scene) => keptReset(scene, 'fin') },
  { name: 'kept-connection-resets', run: (scene) => keptReset(scene, 'rst') },
  droppedWork,
];
