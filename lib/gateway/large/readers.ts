/** A large answer and those who wait for it: each has it read for itself, and fails alone where the fault is ours. */
import { type ErrorCode, type SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import { copyOf, type Source } from '#lib/gateway/large/jobs.ts';
import type { Usage } from '#lib/protocols/types.ts';

/** They say nothing of the answer, nor of the upstream that gave it. */
const OURS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['internal', 'overloaded', 'shutting_down']);

export function isOurs({ code }: SwitchgearError): boolean {
  return OURS.has(code);
}

/**
 * Resolves when all have read it, or failed by a fault of ours, of which `onOurs` is told.
 * @returns what the answer says of tokens, and whether anybody could read it
 * @throws SwitchgearError for what is wrong with the answer
 */
export async function readByEach<W>(
  waiters: readonly W[],
  source: Source,
  read: (waiter: W, source: Source) => Promise<Usage | null>,
  onOurs: (waiter: W, error: SwitchgearError) => void,
): Promise<{ usage: Usage | null; isRead: boolean }> {
  let isRead = false;
  const one = async (waiter: W, at: number): Promise<Usage | null> => {
    try {
      const usage = await read(waiter, at === waiters.length - 1 ? source : copyOf(source));
      isRead = true;
      return usage;
    } catch (thrown) {
      const error = toSwitchgearError(thrown);
      if (!isOurs(error)) throw error;
      onOurs(waiter, error);
      return null;
    }
  };
  const usages = await Promise.all(waiters.map(one));
  return { usage: usages.find((usage) => usage !== null) ?? null, isRead };
}
