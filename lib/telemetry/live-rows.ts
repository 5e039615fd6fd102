/** Finished buckets of every series, so that live charts go on without asking. */
import { LIVE_STEPS_S, SERIES } from '#lib/contracts/history.ts';
import type { Row } from '#lib/contracts/snapshot.ts';
import type { Scope } from '#lib/telemetry/scope.ts';
import { seriesValue } from '#lib/telemetry/series.ts';

/** Decimal digits that a chart can show. */
const DIGITS = 3;

/** Rows of some scopes; what is read twice is made once. */
export type ReadRows = (scopes: Iterable<Scope>) => Row[];

const NO_ROWS: ReadRows = () => [];

export class LiveRows {
  /** By step: until when rows were handed out, epoch milliseconds. */
  readonly #untilMs = new Map<number, number>();

  /** The newest finished bucket of each step, if it was not handed out before; made when it is read. */
  take(sealedUntilMs: number): ReadRows {
    const due = LIVE_STEPS_S.filter((step_s) => this.#isDue(step_s, sealedUntilMs));
    if (due.length === 0) return NO_ROWS;
    const made = new Map<string, Row['values']>();
    return (scopes) => {
      const all = [...scopes];
      return due.map((step_s) => {
        const endMs = endOf(step_s, sealedUntilMs);
        const fromMs = endMs - step_s * 1_000;
        const values: Row['values'] = {};
        for (const scope of all) {
          const key = `${step_s} ${scope.key}`;
          const own = made.get(key) ?? valuesOf(scope, fromMs, endMs);
          made.set(key, own);
          Object.assign(values, own);
        }
        return { step_s, at: new Date(fromMs).toISOString(), values };
      });
    };
  }

  #isDue(step_s: number, sealedUntilMs: number): boolean {
    const endMs = endOf(step_s, sealedUntilMs);
    const last = this.#untilMs.get(step_s);
    this.#untilMs.set(step_s, endMs);
    // Of what was finished before anyone asked the history tells. A clock that was set back counts anew.
    return last !== undefined && endMs > last;
  }
}

function endOf(step_s: number, sealedUntilMs: number): number {
  const stepMs = step_s * 1_000;
  return Math.floor(sealedUntilMs / stepMs) * stepMs;
}

function valuesOf({ kind, key, ring }: Scope, fromMs: number, toMs: number): Row['values'] {
  const sum = ring.sum(fromMs, toMs);
  const whose = key === kind ? '' : key.slice(kind.length);
  const values: Row['values'] = {};
  for (const spec of SERIES) {
    if (spec.scope !== kind) continue;
    const value = seriesValue(spec.name, sum);
    values[spec.name + whose] = value === null ? null : Number(value.toFixed(DIGITS));
  }
  return values;
}
