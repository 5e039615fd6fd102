/** 200 clients that ask for a whole answer of 7 MB and never read it: one answer for all, and one for each. */
import type { Attack, Figures, Scene } from '../attack.ts';
import { chatBody, open, sleep } from '../client.ts';

const CLIENTS = 200;
const BYTES = 7_000_000;
const HOLD_MS = 15_000;

export const NEVER_READ: readonly Attack[] = [
  { name: 'never-read-same', run: (scene) => neverRead(scene, () => 'one question') },
  { name: 'never-read-distinct', run: (scene) => neverRead(scene, (at) => `question ${at}`) },
];

async function neverRead({ port }: Scene, contentOf: (at: number) => string): Promise<Figures> {
  let answered = 0;
  let letGo = 0;
  const opened = Array.from({ length: CLIENTS }, async (_, at) => {
    const answer = await open(port, chatBody(`whole-${BYTES}-unread`, contentOf(at)));
    if (answer?.status === 200) answered += 1;
    answer?.res.on('close', () => {
      letGo += 1;
    });
    return answer;
  });
  await sleep(HOLD_MS);
  const figures = { clients: CLIENTS, 'answered 200': answered, 'let go': letGo };
  for (const waiting of opened) waiting.then((answer) => answer?.close()).catch(() => {});
  return figures;
}
