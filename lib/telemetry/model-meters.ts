/** Requests by operation, model and upstream, for Prometheus alone. Clients choose model names, so their number is bounded. */
import type { Operation, Usage } from '#lib/protocols/types.ts';
import { Meter } from '#lib/telemetry/meter.ts';
import { operationOf, type RequestTrace } from '#lib/telemetry/request-trace.ts';
import { TokenHistogram } from '#lib/telemetry/token-histogram.ts';

export interface ModelLabels {
  readonly operation: Operation;
  readonly model: string;
  readonly upstream: string;
}

export interface ModelMeter {
  readonly labels: ModelLabels;
  readonly meter: Meter;
  readonly tokens: {
    readonly input: TokenHistogram;
    readonly output: TokenHistogram;
    add(usage: Usage): void;
  };
}

export const MAX_MODEL_METERS = 200;
/** Stands for every model beyond them. */
export const OTHER_MODEL = '_other';
const MAX_LABEL_CHARS = 128;

export class ModelMeters {
  readonly #meters = new Map<string, ModelMeter>();

  list(): Iterable<ModelMeter> {
    return this.#meters.values();
  }

  /** Of a request that reached an upstream. A model that none has served yet is no label: anybody can make up names. */
  of(trace: RequestTrace, isServed: boolean): ModelMeter | null {
    if (trace.upstream === null || trace.model === null) return null;
    return (
      this.#meterOf(operationOf(trace.endpoint), trace.model, trace.upstream, isServed) ??
      this.#meterOf(operationOf(trace.endpoint), OTHER_MODEL, trace.upstream, true)
    );
  }

  /** Moves what was counted into the totals, whose numbers have no bound. */
  seal(): void {
    for (const { meter } of this.#meters.values()) meter.seal(0, 0);
  }

  #meterOf(operation: Operation, model: string, upstream: string, isServed: boolean): ModelMeter | null {
    const key = `${operation}\n${upstream}\n${model}`;
    const known = this.#meters.get(key);
    if (known !== undefined) return known;
    const isFull = this.#meters.size >= MAX_MODEL_METERS || model.length > MAX_LABEL_CHARS;
    if ((isFull || !isServed) && model !== OTHER_MODEL) return null;
    const [input, output] = [new TokenHistogram(), new TokenHistogram()];
    const tokens = {
      input,
      output,
      add(usage: Usage) {
        input.add(usage.input);
        output.add(usage.output);
      },
    };
    const meter = { labels: { operation, model, upstream }, meter: new Meter('gateway'), tokens };
    this.#meters.set(key, meter);
    return meter;
  }
}
