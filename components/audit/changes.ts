/** What an act changed, leaf by leaf. */
import { partOf } from '#components/ui/part-of.ts';

export interface Change {
  /** As `settings.window_s`. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Act {
  readonly reason: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

/** What an event tells of an act; of a fault, what kind it is. */
export function actOf(detail: unknown): Act {
  const fault = partOf(detail, 'fault');
  const reason = partOf(detail, 'reason') ?? partOf(fault, 'reason');
  const { kind, rate, status, latency_ms } = (fault ?? {}) as Record<string, unknown>;
  const told = fault === undefined ? undefined : { kind, rate, status, latency_ms };
  return {
    reason: typeof reason === 'string' ? reason : null,
    before: partOf(detail, 'before'),
    after: partOf(detail, 'after') ?? told,
  };
}

const MAX_DEPTH = 4;

/** Leaves that differ; of what has no before, all of after. */
export function changesOf(before: unknown, after: unknown): Change[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const paths = new Set([...old.keys(), ...now.keys()]);
  return [...paths].flatMap((path) => {
    const [from, to] = [old.get(path) ?? null, now.get(path) ?? null];
    return from === to ? [] : [{ path, before: from, after: to }];
  });
}

function leavesOf(value: unknown, path = '', depth = 0): Map<string, string> {
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || depth === MAX_DEPTH) {
    return new Map([[path, typeof value === 'object' ? JSON.stringify(value) : String(value)]]);
  }
  const entries = Object.entries(value).flatMap(([key, each]) => [
    ...leavesOf(each, path === '' ? key : `${path}.${key}`, depth + 1),
  ]);
  return new Map(entries);
}
