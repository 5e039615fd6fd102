import { describe, expect, it } from 'vitest';
import { SwitchgearError } from '#lib/errors.ts';
import type { Source } from '#lib/gateway/large/jobs.ts';
import { readByEach } from '#lib/gateway/large/readers.ts';

const source = (): Source => ({ from: 'bytes', chunks: [new Uint8Array([1, 2, 3])] });
const usage = { input: 1, output: 2, loadMs: 0 };

describe('a large answer that several wait for', () => {
  it('is read by each in memory of its own, the last in what came', async () => {
    const given = source();
    const seen: Source[] = [];
    const read = (_: string, own: Source) => {
      seen.push(own);
      return Promise.resolve(usage);
    };
    expect(await readByEach(['a', 'b'], given, read, () => {})).toEqual({ usage, isRead: true });
    expect(seen[0]).toEqual(given);
    expect([seen[0] === given, seen[1] === given]).toEqual([false, true]);
  });

  it.each(['overloaded', 'internal', 'shutting_down'] as const)('fails alone for one by %s', async (code) => {
    const failed: string[] = [];
    const read = (waiter: string) =>
      waiter === 'b' ? Promise.reject(new SwitchgearError(code, 'ours')) : Promise.resolve(usage);
    const done = await readByEach(['a', 'b', 'c'], source(), read, (waiter) => failed.push(waiter));
    expect([done, failed]).toEqual([{ usage, isRead: true }, ['b']]);
  });

  it('is told apart from one that nobody could read', async () => {
    const read = () => Promise.reject(new SwitchgearError('overloaded', 'ours'));
    expect(await readByEach(['a'], source(), read, () => {})).toEqual({ usage: null, isRead: false });
  });

  it('is wrong for all when it is no answer', async () => {
    const read = () => Promise.reject(new SwitchgearError('upstream_invalid', 'not JSON'));
    await expect(readByEach(['a', 'b'], source(), read, () => {})).rejects.toThrow('not JSON');
  });
});
