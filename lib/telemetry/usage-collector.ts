/** What was used since the last collection, for forecasts: of the gateway, of each upstream and of each model. */
import type { Collected } from '#lib/allocation/live/allocation.ts';
import { CACHE_SERIES, GATEWAY_SERIES, modelSeries } from '#lib/allocation/usage.ts';
import { answerKinds } from '#lib/contracts/requests.ts';
import type { Telemetry } from '#lib/telemetry/telemetry.ts';
import type { ModelCounts } from '#lib/upstream/model-usage.ts';

export interface UsedUpstream {
  readonly name: string;
  readonly usage: { take(): ModelCounts[] };
}

type Row = Collected['rows'][number];

export class UsageCollector {
  readonly #telemetry: Telemetry;
  #requests = 0;
  #served = 0;
  #servedMs = 0;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  take(upstreams: readonly UsedUpstream[]): Collected {
    const rows: Row[] = [this.#gateway(), { series: CACHE_SERIES, requests: 0, responseMs: null }];
    const models: Collected['models'][number][] = [];
    for (const { name, usage } of upstreams) {
      const counts = usage.take();
      rows.push(rowOf(name, sumOf(counts)));
      for (const { model, calls, totalMs, coldStarts, loadMs, inFlight, lastEndedMs } of counts) {
        rows.push(rowOf(modelSeries(name, model), { calls, totalMs }));
        const endedS = inFlight > 0 || lastEndedMs === null ? null : lastEndedMs / 1_000;
        models.push({ upstream: name, model, endedS, coldStarts, loadMs });
      }
    }
    return { rows, models };
  }

  #gateway(): Row {
    const meter = this.#telemetry.scope('gateway')?.meter;
    const counts = meter?.countTotals() ?? {};
    const requests = answerKinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
    const { count, sumMs } = meter?.histogramTotals('latency') ?? { count: 0, sumMs: 0 };
    const served = count - this.#served;
    const row = {
      series: GATEWAY_SERIES,
      requests: requests - this.#requests,
      responseMs: served === 0 ? null : (sumMs - this.#servedMs) / served,
    };
    this.#requests = requests;
    this.#served = count;
    this.#servedMs = sumMs;
    return row;
  }
}

function sumOf(counts: readonly ModelCounts[]): { calls: number; totalMs: number } {
  return counts.reduce(
    (sum, { calls, totalMs }) => ({ calls: sum.calls + calls, totalMs: sum.totalMs + totalMs }),
    { calls: 0, totalMs: 0 },
  );
}

function rowOf(series: string, { calls, totalMs }: { calls: number; totalMs: number }): Row {
  return { series, requests: calls, responseMs: calls === 0 ? null : totalMs / calls };
}
