/** Bodies nested very deep, where chats, messages, tools and inputs may hold any JSON: which statuses they are answered with. */
import type { Attack } from '../attack.ts';
import { CHAT, drainAnswer, open } from '../client.ts';

const DEPTHS = [3_000, 100_000];
const PLACES: readonly [path: string, body: (deep: string) => string][] = [
  [CHAT, (deep) => `{"model":"small","temperature":0,"messages":[{"role":"user","content":${deep}}]}`],
  [
    CHAT,
    (deep) =>
      `{"model":"small","temperature":0,"messages":[{"role":"user","content":"a"}],"metadata":${deep}}`,
  ],
  [
    CHAT,
    (deep) =>
      `{"model":"small","temperature":0,"messages":[{"role":"user","content":"a"}],"tools":[${deep}]}`,
  ],
  ['/v1/completions', (deep) => `{"model":"small","temperature":0,"prompt":${deep}}`],
  ['/v1/embeddings', (deep) => `{"model":"small","input":${deep}}`],
  ['/v1/embeddings', (deep) => `{"model":"small","input":"a","extra":${deep}}`],
  [
    '/api/chat',
    (deep) => `{"model":"small","stream":false,"options":{"temperature":0,"x":${deep}},"messages":[]}`,
  ],
  ['/api/embed', (deep) => `{"model":"small","input":${deep}}`],
];

export const deepJson: Attack = {
  name: 'deep-json',
  async run({ port }) {
    const statuses = new Map<number, number>();
    for (const depth of DEPTHS)
      for (const deep of [
        '['.repeat(depth) + ']'.repeat(depth),
        `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
      ])
        for (const [path, bodyWith] of PLACES) {
          const { status } = await drainAnswer(await open(port, bodyWith(deep), path));
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
    const by = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count}×${status}`);
    return {
      bodies: DEPTHS.length * 2 * PLACES.length,
      '500s': statuses.get(500) ?? 0,
      statuses: by.join(' '),
    };
  },
};
